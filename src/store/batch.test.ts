import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { JournalEvent } from '../core/event.ts'
import { openAnchors, type Anchors } from './anchors.ts'
import { GroupCommit, type Work } from './batch.ts'
import type { Engine } from './engine.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { openSqlite } from './sqlite.ts'
import { takeStream } from './stream.ts'

let root: string
let engine: Engine
let anchors: Anchors
let commit: GroupCommit
/** Syncs under way, in order. */
let syncs: PromiseWithResolvers<void>[]
let told: string[]

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'batch-'))
  syncs = []
  told = []
  const sync = () => {
    const one = Promise.withResolvers<void>()
    syncs.push(one)
    return one.promise
  }
  engine = { ...(await openSqlite(join(root, 'mailbox.db'))), sync }
  await migrate(engine, migrations, { now: () => 0, tell: () => undefined })
  const { by, position } = await takeStream(engine, { team: 't', host: 'here', epoch: 1 })
  anchors = await openAnchors(join(root, 'head.json'), { team: 't', database: 'mailbox.db' }, systemClock, async () => null)
  commit = new GroupCommit({ engine, by, position, anchors, clock: systemClock, shutOut: () => undefined })
  commit.subscribe((events: JournalEvent[]) => void told.push(...events.map((event) => event.subject)))
})

afterEach(async () => {
  await anchors.close()
  await engine.close()
  rmSync(root, { recursive: true })
})

const note = (subject: string): Work<string> => async (_db, journal) => {
  journal({ type: 'noted', subject, agent: null, data: {} })
  return subject
}

/** The next sync, once the batch before it is committed. */
async function synced(count: number): Promise<PromiseWithResolvers<void>> {
  await expect.poll(() => syncs.length, { timeout: 30_000 }).toBe(count)
  return syncs[count - 1] as PromiseWithResolvers<void>
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await new Promise((resolve) => setTimeout(resolve, 20))
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

it('answers, tells and vouches for nothing that is committed but not on the disk', async () => {
  const first = commit.write(note('first'))
  const sync = await synced(1)
  const events = await engine.reader.selectFrom('events').select('subject').execute()
  expect(events).toEqual([{ subject: 'first' }])
  const durable = commit.durable()
  const second = commit.write(note('second'))
  expect([await isPending(first), await isPending(durable), told, syncs.length, anchors.known().heads.size]).toEqual([true, true, [], 1, 0])
  sync.resolve()
  await durable
  expect([await first, told, anchors.known().heads.get('here/1')?.seq]).toEqual(['first', ['first'], 1])
  ;(await synced(2)).resolve()
  expect([await second, told]).toEqual(['second', ['first', 'second']])
})

it('rejects what a sync failed for, and tells of it once a later sync takes it along', async () => {
  const first = commit.write(note('first'))
  const refused = first.catch((error: unknown) => error)
  ;(await synced(1)).reject(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' }))
  expect(await refused).toMatchObject({ code: 'unavailable', facts: { uncertain: true } })
  await commit.durable()
  expect(told).toEqual([])
  const second = commit.write(note('second'))
  ;(await synced(2)).resolve()
  expect([await second, told]).toEqual(['second', ['first', 'second']])
})
