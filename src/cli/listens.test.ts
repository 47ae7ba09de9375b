import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listens } from './listens.ts'

it('a daemon that says nothing is not taken for none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'listens-'))
  const socket = join(folder, 'op.sock')
  expect(await listens(socket)).toBe('no')
  const server = createServer((connection) => void connection.resume())
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  try {
    expect(await listens(socket, 50)).toBe('mute')
  } finally {
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  }
})
