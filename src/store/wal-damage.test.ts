import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { damagedFrame, refuseDamagedWal } from './wal-damage.ts'

const frame = 24 + 4096
const at = (n: number) => 32 + (n - 1) * frame

let folder: string
let wal: Buffer
/** Four commits of one page each, as kill -9 leaves them. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wal-damage-'))
  const path = join(folder, 'live.db')
  const db = new DatabaseSync(path)
  db.exec('pragma journal_mode = wal; pragma synchronous = full; create table t(x); pragma wal_checkpoint(truncate)')
  for (const n of [1, 2, 3, 4]) db.exec(`insert into t values (${n})`)
  copyFileSync(path, join(folder, 'a.db'))
  wal = readFileSync(`${path}-wal`)
  db.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function flipped(offset: number): Buffer {
  const bytes = Buffer.from(wal)
  bytes[offset]! ^= 0x10
  return bytes
}

it('finds nothing wrong with a log as it is, empty, cut off, or with an older one behind it', () => {
  expect(wal.length).toBe(at(5))
  expect(damagedFrame(wal)).toBeNull()
  for (const length of [0, 31, 40, at(2), at(3) + 100, at(5) - 1]) expect(damagedFrame(wal.subarray(0, length))).toBeNull()
  const older = flipped(at(3) + 8)
  expect(damagedFrame(older)).toBeNull()
})

it('takes a flipped bit in the last transaction for a write that was cut short, as SQLite does', () => {
  for (const offset of [at(4) + 16, at(4) + 24, at(5) - 1]) expect(damagedFrame(flipped(offset))).toBeNull()
})

it('finds a flipped bit anywhere in a transaction that others follow', () => {
  for (const n of [1, 2, 3])
    for (const offset of [0, 7, 16, 23, 24, 2000, frame - 1]) expect(damagedFrame(flipped(at(n) + offset)), `frame ${n} byte ${offset}`).toBe(n)
})

it('is refused untouched, where SQLite would forget what was committed', () => {
  const path = join(folder, 'a.db')
  const damaged = flipped(at(2) + 500)
  writeFileSync(`${path}-wal`, damaged)
  expect(() => refuseDamagedWal(path)).toThrow(expect.objectContaining({ code: 'config', message: expect.stringContaining('frame 2'), hint: expect.stringContaining('.damaged') }))
  expect(readFileSync(`${path}-wal`).equals(damaged)).toBe(true)
  const db = new DatabaseSync(path)
  expect(db.prepare('select x from t').all()).toEqual([{ x: 1 }].map((row) => expect.objectContaining(row)))
  db.close()
})
