import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { linked } from './linked.ts'

it('names pictures by a way from outside, which is gone afterwards, the pictures are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'linked-'))
  const pictures = ['01.png', '02.jpeg'].map((name) => ({ label: name, file: join(folder, name) }))
  for (const { label, file } of pictures) writeFileSync(file, label)
  try {
    const used = await linked(pictures, async (by) => {
      expect(by.map(({ file }) => readFileSync(file, 'utf8'))).toEqual(['01.png', '02.jpeg'])
      expect(by.every(({ file }) => !file.startsWith(folder))).toBe(true)
      return by
    })
    expect(used.map(({ file }) => existsSync(file))).toEqual([false, false])
    expect(pictures.every(({ file }) => existsSync(file))).toBe(true)
    expect(await linked([], async (by) => by.length)).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
