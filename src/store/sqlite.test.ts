import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { openStore } from './open.ts'
import type { Store } from './store.ts'

let root: string
let path: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sqlite-'))
  path = join(root, 'state/mailbox.db')
})
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

const open = () => openStore({ type: 'sqlite', path }, { root, host: 'here', env: {}, clock: systemClock })

function foreign(...statements: string[]): Buffer {
  mkdirSync(join(root, 'state'))
  const db = new DatabaseSync(path)
  for (const statement of statements) db.exec(statement)
  db.close()
  return readFileSync(path)
}

describe('the file', () => {
  it('is private, in WAL mode, and so is everything beside it', async () => {
    const store = await open()
    await put(store, 'x')
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(root, 'state')).mode & 0o777).toBe(0o700)
    await store.close()
    expect(statSync(join(root, 'state/journal-head.json')).mode & 0o777).toBe(0o600)
  })

  it('of teamctl is refused untouched, with the way to import it', async () => {
    const before = foreign(
      'pragma journal_mode = wal',
      ...['projects', 'agents', 'messages'].map((name) => `create table ${name}(id text)`),
    )
    await expect(open()).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('troupe import teamctl') })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('of any other program is refused untouched', async () => {
    const before = foreign('create table songs(id text)')
    await expect(open()).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('broker.path') })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('that is no database is refused untouched', async () => {
    mkdirSync(join(root, 'state'))
    writeFileSync(path, 'a shopping list, long enough to be looked at\n'.repeat(50))
    await expect(open()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('not a sound SQLite database'),
    })
    expect(readFileSync(path, 'utf8')).toContain('shopping')
  })

  it('of a newer troupe is refused', async () => {
    await (await open()).close()
    const db = new DatabaseSync(path)
    db.exec(`insert into troupe_migrations values ('9999-later', '2040-01-01T00:00:00.000Z')`)
    db.close()
    await expect(open()).rejects.toMatchObject({ code: 'incompatible', hint: expect.stringContaining('newest troupe') })
  })

  it('can be moved with its team', async () => {
    const store = await open()
    await put(store, 'kept')
    await store.close()
    renameSync(root, `${root}-moved`)
    root = `${root}-moved`
    path = join(root, 'state/mailbox.db')
    const moved = await open()
    expect(await moved.read((db) => db.settings.get('kept'))).toBe('kept')
    expect(await moved.read((db) => db.events.verify())).toMatchObject({ ok: true, events: 1 })
    await moved.close()
  })
})

const noMount =
  process.getuid?.() === 0 && process.platform === 'linux' ? null : 'a small file system can be mounted only by root on Linux'
if (noMount !== null) console.log(`skipped: a full disk: ${noMount}`)

describe.skipIf(noMount !== null)('a full disk', () => {
  beforeEach(() => {
    mkdirSync(join(root, 'state'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', join(root, 'state')])
  })
  afterEach(() => void execFileSync('umount', ['-l', join(root, 'state')]))

  it('rejects the whole batch and says so, loses nothing, and goes on once there is room', async () => {
    const store = await open()
    const ballast = join(root, 'state/ballast')
    writeFileSync(ballast, Buffer.alloc(500_000))
    const kept: string[] = []
    const refused: PromiseRejectedResult[] = []
    for (let turn = 0; refused.length === 0 && turn < 100; turn++) {
      const results = await Promise.allSettled([0, 1, 2].map((i) => put(store, `${turn}.${i}`, 'x'.repeat(20_000))))
      refused.push(...results.filter((result) => result.status === 'rejected'))
      kept.push(...results.filter((result) => result.status === 'fulfilled').map((result) => result.value))
    }
    expect(refused).toHaveLength(3)
    for (const result of refused)
      expect(result).toMatchObject({ reason: { code: 'unavailable', message: expect.stringContaining('full') } })
    rmSync(ballast)
    kept.push(await put(store, 'after'))
    const found = await store.read((db) => Promise.all(kept.map((key) => db.settings.get(key))))
    expect(found.every((value) => value !== undefined)).toBe(true)
    expect(await store.read((db) => db.events.verify())).toMatchObject({ ok: true, events: kept.length })
    await store.close()
  })
})

describe('T36: a second program that writes the database', () => {
  const noticed = async (store: Store): Promise<object[]> => (await store.read((db) => db.events.after({}, 10_000))).events.filter(({ type }) => type === 'store.foreign_write')

  it('is told of in the next batch, once for each time; what was rolled back is nothing', async () => {
    const store = await open()
    await put(store, 'before')
    const other = new DatabaseSync(path)
    other.exec('begin immediate; delete from settings; rollback')
    await put(store, 'rolled back')
    expect(await noticed(store)).toEqual([])
    other.exec("update settings set value = 'mine'")
    await put(store, 'after')
    await put(store, 'long after')
    expect(await noticed(store)).toMatchObject([{ subject: path, agent: null, data: { by: null } }])
    other.exec("update settings set value = 'mine again'")
    await put(store, 'again')
    expect(await noticed(store)).toHaveLength(2)
    other.close()
    expect(await store.read((db) => db.events.verify())).toMatchObject({ ok: true })
    await store.close()
  })

  it('is none of ours: readers, copies, checkpoints in their thread, and the store that was open before', async () => {
    await (await open()).close()
    const store = await open()
    const big = 'x'.repeat(200_000)
    for (let n = 0; n < 60; n++) await put(store, `${n}`, big) // the log is longer than what a checkpoint waits for, again and again
    await store.backup(join(root, 'copy.db'))
    for (let n = 0; n < 60; n++) await put(store, `${n}`, big)
    const reading = new DatabaseSync(path, { readOnly: true })
    reading.prepare('select count(*) from settings').get()
    reading.close()
    await put(store, 'last')
    expect(statSync(`${path}-wal`).size).toBeLessThan(120 * 200_000)
    expect(await noticed(store)).toEqual([])
    await store.close()
  })
})

async function put(store: Store, key: string, value = key): Promise<string> {
  await store.write(async (tx) => {
    await tx.settings.put(key, value)
    await tx.journal({ type: 'setting', subject: key, agent: null, data: {} })
  })
  return key
}
