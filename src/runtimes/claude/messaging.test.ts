import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { push } from './messaging.ts'

let folder: string
let path: string
const closers: (() => void)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-push-'))
  path = join(folder, 's')
})
afterEach(() => {
  for (const close of closers.splice(0)) close()
  rmSync(folder, { recursive: true })
})

async function listen(take: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    closers.push(() => socket.destroy())
    take(socket)
  })
  closers.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(path, resolve))
}

it('writes two lines and is done when Claude hangs up', async () => {
  const got: Buffer[] = []
  await listen((socket) => socket.on('data', (data: Buffer) => got.push(data)).on('end', () => socket.end()))
  expect(await push(path, 'key', 'text')).toEqual({ ok: true })
  expect(Buffer.concat(got).toString()).toBe('{"type":"auth","token":"key"}\n{"type":"user","message":{"role":"user","content":"text"}}\n')
})

it('counts what was written as on its way where nobody hangs up', async () => {
  await listen((socket) => socket.resume())
  expect(await push(path, 'key', 'text')).toEqual({ ok: true })
})

it('says why where nobody listens', async () => {
  expect(await push(path, 'key', 'text')).toMatchObject({ ok: false, why: expect.stringContaining('ENOENT') as string })
})
