import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { openStore } from './open.ts'
import type { Store } from './store.ts'

let root: string
let path: string
const opened: Store[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lost-'))
  path = join(root, 'state/mailbox.db')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(root, { recursive: true, force: true })
})

async function open(at = path): Promise<Store> {
  const store = await openStore({ type: 'sqlite', path: at }, { root, host: 'here', env: {}, clock: systemClock })
  opened.push(store)
  return store
}

async function put(store: Store, key: string): Promise<void> {
  await store.write(async (tx) => {
    await tx.settings.put(key, key)
    await tx.journal({ type: 'setting', subject: key, agent: null, data: {} })
  })
}

const has = async (store: Store, key: string) => (await store.read((db) => db.settings.get(key))) === key

describe('a database that is gone at the start', () => {
  beforeEach(async () => {
    const store = await open()
    await put(store, 'kept')
    await store.close()
  })

  it.each<[string, () => void]>([
    ['removed', () => rmSync(path)],
    ['emptied', () => truncateSync(path)],
  ])('is not begun anew without a word: %s', async (_, harm) => {
    writeFileSync(`${path}.before-0009-x`, 'a copy')
    harm()
    const refused = { code: 'config', message: expect.stringContaining('1 lines'), hint: expect.stringContaining(`${path}.before-0009-x`) }
    await expect(open()).rejects.toMatchObject(refused)
    await expect(open()).rejects.toMatchObject(refused)
    expect(existsSync(path) && statSync(path).size > 0).toBe(false)
  })

  it('is not begun anew either where only its log is gone, which held all of it', async () => {
    rmSync(path)
    new DatabaseSync(path).exec('pragma journal_mode = wal')
    expect(statSync(path).size).toBeGreaterThan(0)
    for (let start = 0; start < 2; start++) await expect(open()).rejects.toMatchObject({ code: 'config', message: expect.stringContaining('1 lines') })
  })

  it('is begun anew once a person says so', async () => {
    rmSync(path)
    rmSync(join(root, 'state/journal-head.json'))
    expect(await has(await open(), 'kept')).toBe(false)
  })

  it('is another one where the team names another file', async () => {
    expect(await has(await open(join(root, 'state/other.db')), 'kept')).toBe(false)
  })
})

describe('a database that is taken away from a store that is open', () => {
  it.each<[string, () => void]>([
    ['removed', () => rmSync(path)],
    ['moved away', () => renameSync(path, `${path}.old`)],
    ['replaced', () => (new DatabaseSync(`${path}.new`).exec('create table t(x)'), renameSync(`${path}.new`, path))],
    ['without its log', () => rmSync(`${path}-wal`)],
  ])('takes nothing more, and keeps what it had: %s', async (_, harm) => {
    const store = await open()
    await put(store, 'kept')
    harm()
    await expect(put(store, 'lost')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('nothing was stored'), hint: expect.stringContaining('.rescued') })
    await vi.waitFor(() => expect(existsSync(`${path}.rescued`)).toBe(true))
    expect(statSync(`${path}.rescued`).mode & 0o777).toBe(0o600)
    await expect(put(store, 'lost')).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
    renameSync(`${path}.rescued`, path)
    const again = await open()
    expect([await has(again, 'kept'), await has(again, 'lost')]).toEqual([true, false])
    expect(await again.read((db) => db.events.verify())).toMatchObject({ ok: true, events: 1 })
  })

  it('keeps it at the end, too, where nothing was written meanwhile', async () => {
    const store = await open()
    await put(store, 'kept')
    rmSync(path)
    await store.close()
    expect(readdirSync(join(root, 'state'))).toContain('mailbox.db.rescued')
  })
})
