import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Migration } from 'kysely/migration'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { openStore } from './open.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'

let root: string
let path: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'migrate-'))
  path = join(root, 'state/mailbox.db')
})
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

const open = (): Promise<Store> => openStore({ type: 'sqlite', path }, { root, host: 'here', env: {}, clock: systemClock })

/** A database that was in use, with `values` of 20 kB each. */
async function used(values = 1): Promise<void> {
  const store = await open()
  for (let n = 0; n < values; n++) await store.write((tx) => tx.settings.put(`old ${n}`, 'x'.repeat(20_000)))
  await store.close()
}

const adding = (table: string): Migration => ({
  async up(db) {
    await db.schema.createTable(table).addColumn('id', 'text').execute()
  },
})

/** 2026-11-21T09:45:00Z and minutes later. */
const minute = (n: number): number => Date.UTC(2026, 10, 21, 9, 45 + n)

async function take(steps: Record<string, Migration>, at = minute(0)): Promise<string[]> {
  const told: string[] = []
  const engine = await openSqlite(path)
  try {
    await migrate(engine, { ...migrations, ...steps }, { now: () => at, tell: (what) => told.push(what) })
  } finally {
    await engine.close()
  }
  return told
}

const copies = (): string[] => readdirSync(dirname(path)).filter((name) => name.includes('.before-')).toSorted()

function rows(file: string, query: string): unknown[] {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return db.prepare(query).all()
  } finally {
    db.close()
  }
}

const tables = (file: string): unknown[] => rows(file, `select name from sqlite_master where type = 'table' and name like 'added%'`).map((row) => (row as { name: string }).name)

describe('a step of the schema', () => {
  it('of a new database needs no copy, and nothing is told', async () => {
    const told: string[] = []
    await (await openStore({ type: 'sqlite', path }, { root, host: 'here', env: {}, clock: systemClock, tell: (what) => told.push(what) })).close()
    expect([copies(), told]).toEqual([[], []])
  })

  it('is taken after a private copy of what was there, named by step and time', async () => {
    await used()
    const told = await take({ '9002-second': adding('added') })
    expect(copies()).toEqual(['mailbox.db.before-9002-second.20261121T094500Z'])
    const copy = join(dirname(path), copies()[0]!)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    expect(rows(copy, 'select key from settings')).toMatchObject([{ key: 'old 0' }])
    expect([tables(copy), tables(path)]).toEqual([[], ['added']])
    expect(told.join('\n')).toContain(copy)
    expect(await take({ '9002-second': adding('added') })).toEqual([])
    expect(copies()).toHaveLength(1)
  })

  it('that fails leaves the database as it was; tried again it replaces its copy', async () => {
    await used()
    const broken: Migration = {
      async up(db) {
        await adding('added').up(db)
        throw new Error('half-way')
      },
    }
    for (const n of [0, 1]) await expect(take({ '9002-second': broken }, minute(n))).rejects.toThrow('half-way')
    expect(tables(path)).toEqual([])
    expect(copies()).toEqual(['mailbox.db.before-9002-second.20261121T094600Z'])
    await (await open()).close()
  })

  it('keeps the copies of three steps, and what a person put beside them', async () => {
    await used()
    const own = `${basename(path)}.before-my-holiday`
    writeFileSync(join(dirname(path), own), '')
    const steps: Record<string, Migration> = {}
    for (const n of [2, 3, 4, 5]) {
      steps[`900${n}-more`] = adding(`added_${n}`)
      await take(steps, minute(n))
    }
    expect(copies()).toEqual([3, 4, 5].map((n) => `mailbox.db.before-900${n}-more.20261121T09${45 + n}00Z`).concat(own))
  })
})

describe('kill -9', () => {
  const program = fileURLToPath(new URL('../../test/fixtures/migrating.ts', import.meta.url))
  const patience = { timeout: 60_000, interval: 1 }

  /** Kills a migration once `seen`; resolves when it is gone. */
  async function killWhen(seen: (mark: string) => boolean): Promise<void> {
    const mark = join(root, 'mark')
    const child = spawn(process.execPath, [program, path, mark], { stdio: 'inherit' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = new Promise((resolve) => child.on('close', resolve))
    await vi.waitFor(() => expect(seen(mark)).toBe(true), patience)
    child.kill('SIGKILL')
    await ended
  }

  async function expectAsBefore(values: number): Promise<void> {
    expect(tables(path)).toEqual([])
    const store = await open()
    expect(await store.read((db) => db.settings.get(`old ${values - 1}`))).toBe('x'.repeat(20_000))
    await store.close()
    await take({ '9002-second': adding('added') })
    expect(copies()).toHaveLength(1)
    expect(rows(join(dirname(path), copies()[0]!), 'select count(*) as n from settings')).toEqual([{ n: values }])
    expect(tables(path)).toEqual(['added'])
  }

  it('in the middle of a step: the database is as before, with its copy', async () => {
    await used(3)
    await killWhen((mark) => existsSync(mark))
    expect(copies()).toHaveLength(1)
    await expectAsBefore(3)
  })

  it('in the middle of the copy: what was written of it goes with the next one', async () => {
    await used(1000)
    await killWhen(() => copies().some((name) => name.endsWith('.part')))
    await expectAsBefore(1000)
  })
})

const noMount = process.getuid?.() === 0 && process.platform === 'linux' ? null : 'a small file system can be mounted only by root on Linux'
if (noMount !== null) console.log(`skipped: a full disk: ${noMount}`)

describe.skipIf(noMount !== null)('a full disk', () => {
  beforeEach(() => {
    mkdirSync(join(root, 'state'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', join(root, 'state')])
  })
  afterEach(() => void execFileSync('umount', ['-l', join(root, 'state')]))

  it('has no room for the copy: nothing is changed, and it says how much is needed', async () => {
    await used(30)
    const ballast = join(root, 'state/ballast')
    writeFileSync(ballast, Buffer.alloc(1_600_000))
    await expect(take({ '9002-second': adding('added') })).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('no room for the copy'), hint: expect.stringMatching(/free \d+ MB/) })
    expect([copies(), tables(path)]).toEqual([[], []])
    rmSync(ballast)
    await take({ '9002-second': adding('added') })
    expect([copies().length, tables(path)]).toEqual([1, ['added']])
  })
})
