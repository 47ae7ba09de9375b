import { CompiledQuery, Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely'
import type { DatabaseConnection, PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { TroupeError } from '../core/error.ts'
import { schemaName } from './engine.ts'
import type { Engine } from './engine.ts'
import { escapeNul, unescapeNul } from './nul.ts'
import { explained, fault, takesNoChanges } from './postgres-faults.ts'
import type { Schema } from './schema.ts'

/** 15, as `server_version_num` says it. */
const leastVersion = 150_000
const connectTimeout = 5_000
/** A query unanswered for so long means that the network is gone, ms. */
const queryTimeout = 60_000
/** A daemon that hangs in a transaction must not hold up the team's other daemons for ever, ms. */
const lockTimeout = 20_000
const connections = 5

export async function openPostgres(url: string): Promise<Engine> {
  const where = withoutPassword(url)
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeout,
    query_timeout: queryTimeout,
    keepAlive: true,
    // Statements that do not wait for each other share a round trip.
    pipeline: true,
    application_name: 'troupe',
    types: { getTypeParser },
  })
  // Without these a lost connection is an uncaught error; the query under way is rejected all the same.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => void client.on('error', () => undefined))
  const dialect = new Dialect({ pool: escaping(pool), onCreateConnection: prepare })
  const db = new Kysely<Schema>({ dialect })
  const engine: Engine = {
    kind: 'postgres',
    where,
    writer: db,
    reader: db,
    async lock(trx, scope) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`${schemaName}:${scope}`}, 0))`.execute(trx)
    },
    foreign: null, // others may have a team of their own in it
    fault,
    explain: (error) => explained(error, where),
    sync: null,
    backup: null,
    copy: async () => null, // all steps are one transaction; a dump is the operator's
    close: () => db.destroy(),
  }
  try {
    await check(db, where)
    return engine
  } catch (error) {
    await engine.close()
    throw engine.explain(error)
  }
}

/** Migrations hold our own lock; Kysely's is of the session, and letting go of it would hide why a migration failed. */
class Adapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

class Dialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new Adapter()
  }
}

/** Every new connection: our schema, and commits that are on disk when they are answered, whatever the server's default. */
async function prepare(connection: DatabaseConnection): Promise<void> {
  const durable = `case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end`
  const settings = [
    `set_config('search_path', '${schemaName}', false)`,
    `set_config('synchronous_commit', ${durable}, false)`,
    `set_config('lock_timeout', '${lockTimeout}', false)`,
    `set_config('idle_in_transaction_session_timeout', '${lockTimeout}', false)`,
  ]
  await connection.executeQuery(CompiledQuery.raw(`select ${settings.join(', ')}`))
}

async function check(db: Kysely<Schema>, where: string): Promise<void> {
  const { rows } = await sql<{ version: number; name: string; encoding: string; fsync: string }>`
    select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
      current_setting('server_encoding') as encoding, current_setting('fsync') as fsync`.execute(db)
  const server = rows[0]
  if (server === undefined) throw new TroupeError('internal', `${where} answered nothing`)
  if (server.version < leastVersion) {
    throw new TroupeError('incompatible', `${where} is PostgreSQL ${server.name}, 15 is needed`, {
      hint: 'use PostgreSQL 15 or newer',
    })
  }
  if (server.encoding !== 'UTF8') {
    throw new TroupeError('config', `the database at ${where} has the encoding ${server.encoding}, UTF8 is needed`, {
      hint: `create one with: createdb --encoding=UTF8 --template=template0 troupe`,
    })
  }
  if (server.fsync !== 'on') {
    throw new TroupeError('config', `the server of ${where} runs with fsync off: a power cut would lose acknowledged mail`, {
      hint: 'set fsync = on in postgresql.conf',
    })
  }
}

/** PostgreSQL text cannot hold NUL, so it is escaped on its way in (and out: `getTypeParser`), in every column alike. */
function escaping(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    async connect() {
      const client = await pool.connect()
      const known = wrapped.get(client) ?? escapingClient(client)
      wrapped.set(client, known)
      return known
    },
    end: () => pool.end(),
    options: pool.options,
  }
}

/** Where another server has become the primary, only a new connection may lead to it. */
function escapingClient(client: pg.PoolClient): PostgresPoolClient {
  let standby = false
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      return await client.query(text, values.map(escapeNul))
    } catch (error) {
      standby ||= takesNoChanges(error)
      throw error
    }
  }
  return { query: query as unknown as PostgresPoolClient['query'], release: (destroy?: boolean) => client.release(standby || destroy) }
}

/** Numbers as numbers: ours all fit. `20` bigint, `1700` numeric (sums), `23` integer; text comes unescaped. */
function getTypeParser(oid: number): (text: string) => unknown {
  return oid === 20 || oid === 1700 || oid === 23 ? Number : unescapeNul
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url)
    parsed.password = ''
    parsed.search = ''
    return parsed.href
  } catch {
    throw new TroupeError('config', 'the database address is not a URL', {
      hint: 'write it as postgres://user:password@host:5432/database',
    })
  }
}
