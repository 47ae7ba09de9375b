import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from './spawn.ts'
import { tarGz } from './tar.ts'

test('what it packs, tar unpacks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const entries = [
    { name: 'top/a.txt', content: 'one\n' },
    { name: 'top/empty', content: '' },
    { name: 'top/deep/b.bin', content: Buffer.alloc(512, 7) },
    { name: `top/${'n'.repeat(96)}`, content: 'ü'.repeat(700) },
  ]
  writeFileSync(join(folder, 'x.tar.gz'), tarGz(entries, Date.UTC(2026, 0, 2)))
  expect(await run(['tar', '-xzf', 'x.tar.gz'], { cwd: folder })).toMatchObject({ code: 0, stderr: '' })
  for (const { name, content } of entries) expect(readFileSync(join(folder, name))).toEqual(Buffer.from(content))
  expect(() => tarGz([{ name: 'n'.repeat(101), content: '' }], 0)).toThrow('too long')
})
