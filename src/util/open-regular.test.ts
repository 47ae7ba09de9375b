import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isInside, NotOpened, openRegular } from './open-regular.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'open-')))
  for (const name of ['in', 'out']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'in', 'file'), 'inside')
  writeFileSync(join(folder, 'out', 'file'), 'outside')
})
afterEach(() => rmSync(folder, { recursive: true }))

const opened = async (path: string): Promise<string> => {
  const { file, real, bytes } = await openRegular(path)
  const text = await file.readFile('utf8').finally(() => file.close())
  expect(Buffer.byteLength(text)).toBe(bytes)
  return `${real.slice(folder.length + 1)}: ${text}`
}

describe('opens once, and says what was opened', () => {
  it('follows links, and names where they lead', async () => {
    symlinkSync('../out/file', join(folder, 'in', 'link'))
    symlinkSync('../out', join(folder, 'in', 'folder'))
    expect(await opened(join(folder, 'in', 'file'))).toBe('in/file: inside')
    expect(await opened(join(folder, 'in', 'link'))).toBe('out/file: outside')
    expect(await opened(join(folder, 'in', 'folder', 'file'))).toBe('out/file: outside')
    expect(await opened(join(folder, 'in', '..', 'in', 'file'))).toBe('in/file: inside')
  })

  it('refuses what is no regular file without waiting for it', async () => {
    execFileSync('mkfifo', [join(folder, 'in', 'fifo')])
    symlinkSync('loop', join(folder, 'in', 'loop'))
    const why = async (path: string) => await openRegular(path).then(() => 'opened', (error: unknown) => (error instanceof NotOpened ? error.why : error))
    expect(await why(join(folder, 'in', 'fifo'))).toBe('special')
    expect(await why(join(folder, 'in'))).toBe('special')
    expect(await why('/dev/zero')).toBe('special')
    expect(await why(join(folder, 'in', 'loop'))).toBe('special')
    expect(await why(join(folder, 'in', 'none'))).toBe('missing')
    expect(await why(join(folder, 'in', 'file', 'x'))).toBe('missing')
  })

  it.runIf(process.platform === 'linux')('whoever swaps a folder for a link meanwhile does not change what it says', async () => {
    const [inside, spare, link] = ['in', 'spare', 'link'].map((name) => join(folder, name)) as [string, string, string]
    symlinkSync('out', link)
    const swap = `const { renameSync } = require('node:fs')
      const [inside, spare, link] = require('node:worker_threads').workerData
      for (;;) { renameSync(inside, spare); renameSync(link, inside); renameSync(inside, link); renameSync(spare, inside) }`
    const swapping = new Worker(swap, { eval: true, workerData: [inside, spare, link] })
    const seen: boolean[] = []
    for (let i = 0; i < 3_000; i++) {
      const found = await openRegular(join(inside, 'file')).catch(() => null)
      if (found === null) continue
      const text = await found.file.readFile('utf8').finally(() => found.file.close())
      seen.push((text === 'outside') === (found.real === join(folder, 'out', 'file')))
    }
    await swapping.terminate()
    expect(seen).toContain(true)
    expect(seen).not.toContain(false)
  })

  it('a second name of the same file is as good as the first', async () => {
    linkSync(join(folder, 'out', 'file'), join(folder, 'in', 'second'))
    expect(await opened(join(folder, 'in', 'second'))).toBe('in/second: outside')
  })
})

it('a folder holds itself and what is below, not its neighbours', () => {
  expect(isInside('/a/b', '/a/b')).toBe(true)
  expect(isInside('/a/b', '/a/b/..c')).toBe(true)
  expect(isInside('/a/b', '/a/bc')).toBe(false)
  expect(isInside('/a/b', '/a')).toBe(false)
})
