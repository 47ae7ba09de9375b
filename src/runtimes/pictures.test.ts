import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Parcel } from '../core/runtime.ts'
import { readPictures, withPicturesIn } from './pictures.ts'

const gone = async (): Promise<Buffer> => await Promise.reject(new Error('it is gone'))
const parcel = (...reads: (() => Promise<Buffer>)[]): Parcel =>
  ({ n: 4, text: 'look', pictures: reads.map((read, at) => ({ n: at + 1, mime: at === 0 ? 'image/png' : 'image/jpeg', read })) }) as unknown as Parcel
const some = parcel(async () => Buffer.from('first'), gone, async () => Buffer.from('third'))

describe('pictures of a message', () => {
  let folder: string
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'pictures-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('each say which they are; one that is gone leaves the others as they are', async () => {
    const shown = await readPictures(some)
    expect(shown.map(({ label, mime, base64 }) => [label, mime, Buffer.from(base64, 'base64').toString()])).toEqual([
      ['[attachment #1 of mail #4]', 'image/png', 'first'],
      ['[attachment #3 of mail #4]', 'image/jpeg', 'third'],
    ])
  })

  it('are files for as long as they are needed, for nobody else, and what an earlier death left is gone', async () => {
    const left = join(folder, 'shown', 'old')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, '1.png'), 'old')
    const files = await withPicturesIn(folder, some, async (pictures) => {
      expect(existsSync(left)).toBe(false)
      expect(pictures.map(({ file }) => [readFileSync(file, 'utf8'), statSync(file).mode & 0o777, file.slice(file.lastIndexOf('.'))])).toEqual([
        ['first', 0o600, '.png'],
        ['third', 0o600, '.jpeg'],
      ])
      return pictures.map(({ file }) => file)
    })
    expect(files).toHaveLength(2)
    expect(readdirSync(folder)).toEqual([])
    await expect(withPicturesIn(folder, some, async () => await Promise.reject(new Error('no terminal')))).rejects.toThrow('no terminal')
    expect(readdirSync(folder)).toEqual([])
  })

  it('leave nothing where there is none', async () => {
    const nowhere = join(folder, 'nowhere')
    expect(await withPicturesIn(nowhere, parcel(gone), async (pictures) => pictures.length)).toBe(0)
    expect(existsSync(nowhere)).toBe(false)
  })
})
