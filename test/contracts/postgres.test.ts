import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { JournalEvent } from '../../src/core/event.ts'
import { migrate } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { openStore } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { startPostgres, whyNoPostgres } from '../postgres.ts'
import type { Postgres } from '../postgres.ts'
import { startCut } from './cut.ts'
import type { Cut } from './cut.ts'
import { send } from './store.ts'

/** What only a database at the other end of a network can do. */
describe.skipIf(whyNoPostgres() !== null)('PostgreSQL', () => {
  let server: Postgres
  let cut: Cut
  let url: string
  let stores: Store[]
  let roots: string[]
  beforeAll(async () => {
    server = await startPostgres()
    cut = await startCut(server.port)
  }, 120_000)
  afterAll(async () => {
    await cut.close()
    await server.stop()
  }, 120_000)
  beforeEach(async () => {
    url = await server.database()
    stores = []
    roots = []
  })
  afterEach(async () => {
    cut.mend()
    for (const store of stores) await store.close()
    for (const root of roots) rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  const newRoot = () => {
    roots.push(mkdtempSync(join(tmpdir(), 'pg-store-')))
    return roots.at(-1) ?? ''
  }
  const open = async (address = url, root = newRoot(), host = 'here') => {
    const context = { root, host, env: { DB: address }, clock: systemClock }
    const store = await openStore({ type: 'postgres', urlEnv: 'DB' }, context)
    stores.push(store)
    return store
  }
  const openThroughCut = () => open(url.replace(`:${server.port}/`, `:${cut.port}/`))
  const query = async (statement: string) => {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const texts = async (store: Store) =>
    (await store.read((db) => db.messages.list({ limit: 99 }))).map(({ message }) => message.text)
  const expectIntact = (store: Store, events: number) =>
    expect(store.read((db) => db.events.verify())).resolves.toMatchObject({ ok: true, events })

  it.each(['before', 'after'] as const)(
    'stores once what was under way when the connection broke %s the commit reached the server',
    async (when) => {
      const store = await openThroughCut()
      const published: JournalEvent[] = []
      store.subscribe((events) => void published.push(...events))
      await store.write((tx) => send(tx, { text: 'first' }))
      cut.atCommit(when)
      const sent = await Promise.all(['second', 'third'].map((text) => store.write((tx) => send(tx, { text }))))
      await store.write((tx) => send(tx, { text: 'fourth' }))
      expect(await texts(store)).toEqual(['fourth', 'third', 'second', 'first'])
      expect(published.map((event) => event.subject).slice(1, 3)).toEqual(sent.map((message) => message.id))
      expect(published).toHaveLength(4)
      await expectIntact(store, 4)
    },
  )

  it.each(['before', 'after'] as const)(
    'says so where it cannot find out, broken %s the commit, and is right again later',
    async (when) => {
      const store = await openThroughCut()
      const published: JournalEvent[] = []
      store.subscribe((events) => void published.push(...events))
      await store.write((tx) => send(tx, { text: 'first' }))
      cut.atCommit(when, () => cut.sever())
      const pending = store.write((tx) => send(tx, { text: 'second' }))
      await expect(pending).rejects.toMatchObject({ code: 'unavailable', facts: { uncertain: true } })
      cut.mend()
      await store.write((tx) => send(tx, { text: 'third' }))
      expect(await texts(store)).toEqual(when === 'after' ? ['third', 'second', 'first'] : ['third', 'first'])
      expect(published).toHaveLength(when === 'after' ? 3 : 2)
      await expectIntact(store, published.length)
    },
  )

  it('goes on with new connections after all of them were ended', async () => {
    const store = await open()
    await store.write((tx) => send(tx, { text: 'first' }))
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'troupe' and datname = current_database()`,
    )
    await store.write((tx) => send(tx, { text: 'second' }))
    expect(await texts(store)).toEqual(['second', 'first'])
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'troupe' and datname = current_database()`,
    )
    expect(await texts(store)).toEqual(['second', 'first'])
  })

  it('looks for the primary by new connections where a server takes no changes any more', async () => {
    const store = await open()
    await store.write((tx) => send(tx, { text: 'first' }))
    const standby = (what: string): Promise<void> =>
      query(`begin read write; do $$ begin execute format('alter database %I ${what}', current_database()); end $$; commit`)
    await standby('set default_transaction_read_only = on')
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'troupe' and datname = current_database()`,
    )
    expect(await texts(store)).toEqual(['first'])
    await standby('reset default_transaction_read_only')
    await store.write((tx) => send(tx, { text: 'second' }))
    expect(await texts(store)).toEqual(['second', 'first'])
    await expectIntact(store, 2)
  })

  it('gives up in the end on a database that is gone, and says which', async () => {
    const store = await openThroughCut()
    cut.sever()
    const [write, read] = await Promise.allSettled([store.write((tx) => send(tx)), texts(store)])
    for (const result of [write, read]) {
      expect(result).toMatchObject({ reason: { code: 'unavailable', message: expect.stringContaining(`127.0.0.1:${cut.port}`) } })
    }
    cut.mend()
    await store.write((tx) => send(tx, { text: 'again' }))
    expect(await texts(store)).toEqual(['again'])
  })

  it('tries a batch again that another transaction got in the way of', async () => {
    const store = await open()
    let runs = 0
    const n = await store.write(async (tx) => {
      runs += 1
      if (runs === 1) throw Object.assign(new Error('could not serialize access'), { code: '40001' })
      return (await send(tx)).n
    })
    expect([runs, n]).toEqual([2, 1])
  })

  it('fails a write that goes on after a failed query, without the others', async () => {
    const store = await open()
    const stubborn = store.write(async (tx) => {
      const message = await send(tx)
      await tx.messages.insert(message, []).catch(() => undefined)
    })
    const other = store.write((tx) => send(tx, { text: 'other' }))
    await expect(stubborn).rejects.toThrow('aborted')
    await other
    expect(await texts(store)).toEqual(['other'])
    await expectIntact(store, 1)
  })

  it('holds several teams apart in one database', async () => {
    const root = newRoot()
    const [a, b] = [await open(url, root), await open(url)]
    const sent = await Promise.all([a, b].map((store, i) => store.write((tx) => send(tx, { text: `of ${i}`, key: 'same' }))))
    expect(sent.map((message) => message.n)).toEqual([1, 1])
    expect([await texts(a), await texts(b)]).toEqual([['of 0'], ['of 1']])
    expect(await b.read((db) => db.messages.get(sent[0]?.id ?? ''))).toBeUndefined()
    await a.close()
    expect(await texts(await open(url, root))).toEqual(['of 0'])
    await expectIntact(b, 1)
  })

  it('lets hosts of one team write at the same time', async () => {
    const root = newRoot()
    const hosts = [await open(url, root, 'a'), await open(url, root, 'b')]
    await Promise.all(hosts.flatMap((store) => Array.from({ length: 20 }, () => store.write((tx) => send(tx)))))
    const [a] = hosts as [Store]
    const numbers = (await a.read((db) => db.messages.list({ limit: 99 }))).map(({ message }) => message.n)
    expect(new Set(numbers).size).toBe(40)
    await expectIntact(a, 40)
  })

  it('waits for the disk also where the server is set not to', async () => {
    await query(`do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$`)
    const store = await open()
    const check = `begin if current_setting('synchronous_commit') = 'off' then raise 'off'; end if; return new; end`
    await query(`create function lazy() returns trigger language plpgsql as $$ ${check} $$;
      create trigger lazy before insert on troupe.messages for each row execute function lazy()`)
    await store.write((tx) => send(tx))
    await expect(query(`insert into troupe.messages select * from troupe.messages`)).rejects.toThrow('off')
  })

  it('is set up once where several open it first at the same time', async () => {
    const [a, b] = await Promise.all([open(), open(), open()])
    await Promise.all([a, b].map((store) => store.write((tx) => send(tx))))
    await Promise.all([expectIntact(a, 1), expectIntact(b, 1)])
  })

  it('undoes a migration that fails, and says why it did', async () => {
    await (await open()).close()
    const engine = await openPostgres(url)
    const broken = {
      up: async (db: Kysely<unknown>) => {
        await db.schema.createTable('added').addColumn('id', 'text').execute()
        await sql`select 1 / 0`.execute(db)
      },
    }
    await expect(migrate(engine, { ...migrations, '9998-broken': broken }, { now: () => 0, tell: () => undefined })).rejects.toThrow('division by zero')
    expect((await engine.writer.introspection.getTables()).map((table) => table.name)).not.toContain('added')
    await engine.close()
    expect(await texts(await open())).toEqual([])
  })

  it('names what is missing or wrong before anything runs', async () => {
    const context = { root: newRoot(), host: 'here', clock: systemClock }
    const broker = { type: 'postgres', urlEnv: 'DB' } as const
    await expect(openStore(broker, { ...context, env: {} })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('DB'),
    })
    await expect(openStore(broker, { ...context, env: { DB: 'no url' } })).rejects.toMatchObject({ code: 'config' })
    const missing = url.replace(/[^/]*$/, 'absent').replace('postgres@', 'postgres:hush@')
    await expect(openStore(broker, { ...context, env: { DB: missing } })).rejects.toMatchObject({
      code: 'config',
      message: expect.not.stringContaining('hush'),
    })
    await (await open()).close()
    await query(`insert into troupe.troupe_migrations values ('9999-later', '2040-01-01T00:00:00.000Z')`)
    await expect(open()).rejects.toMatchObject({ code: 'incompatible' })
  })
})
