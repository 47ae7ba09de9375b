import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { testFolder } from '../../test/fixtures/folder.ts'
import { keep } from './keeping.ts'

const program = fileURLToPath(new URL('../../test/fixtures/limping-daemon.ts', import.meta.url))

test('a daemon that takes its time to end, as on a busy machine, is given up for how it ended all the same', async () => {
  const root = testFolder('troupe-keep-')
  const [socket, starts] = [join(root, 'op.sock'), join(root, 'starts')]
  const daemon = [process.execPath, program, socket, starts]
  expect(await keep({ root, socket, log: join(root, 'log'), daemon, program, tell: () => undefined })).toBe('gave up')
  expect(readFileSync(starts, 'utf8')).toBe('...')
}, 60_000)
