import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Wal } from './wal.ts'

let root: string
let database: DatabaseSync
let wal: Wal

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wal-'))
  const path = join(root, 'a.db')
  database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (text text)')
  wal = new Wal(path, database)
})

afterEach(async () => {
  await wal.close()
  database.close()
  rmSync(root, { recursive: true })
})

/** About so many frames in the log, in one commit. */
async function fill(pages: number): Promise<void> {
  database.prepare('insert into t values (?)').run('x'.repeat(pages * 4_000))
  await wal.sync()
}

const frames = () => database.prepare('pragma wal_checkpoint(noop)').get() as { log: number; checkpointed: number }

it('leaves a short log alone, has a long one put back by its thread, and begins it anew', async () => {
  await fill(500)
  expect(frames()).toMatchObject({ checkpointed: 0 })
  await fill(600)
  await expect.poll(() => frames().checkpointed, { timeout: 60_000 }).toBeGreaterThan(1_000)
  await fill(1)
  expect(frames().log).toBeLessThan(50)
})

it('keeps the log short under a writer that never pauses', async () => {
  let longest = 0
  // Without a pass it would come to 100,000 frames. How soon the other thread gets a core is no matter of ours.
  for (let commit = 0; commit < 2_000; commit++) {
    await fill(50)
    // As between two batches: the other thread's answer is heard.
    await new Promise((resolve) => setImmediate(resolve))
    longest = Math.max(longest, frames().log)
  }
  expect(longest).toBeLessThan(60_000)
}, 120_000)

it('closes where its thread could not work', async () => {
  await fill(1)
  const path = join(root, 'a.db')
  rmSync(path)
  mkdirSync(path)
  await fill(1_100)
  const autocheckpoint = () => Object.values(database.prepare('pragma wal_autocheckpoint').get() ?? {})[0]
  await expect.poll(autocheckpoint, { timeout: 60_000 }).toBe(1_000)
  await new Promise((resolve) => setImmediate(resolve))
  await wal.close()
})
