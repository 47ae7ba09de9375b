import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import { sql } from 'kysely'
import { TroupeError } from '../core/error.ts'
import { schemaName } from './engine.ts'
import type { Db, Engine } from './engine.ts'
import { inTransaction } from './transaction.ts'
import type { OpenTransaction } from './transaction.ts'

/** Present in every database of troupe's, and in no other's. */
export const migrationTable = 'troupe_migrations'

export interface Migrating {
  /** ms */
  now(): number
  /** For the log: what is done with a database that was in use. */
  tell(what: string): void
}

/**
 * Brings the schema up to date, forward only, all steps in one transaction that holds the lock; a copy of the
 * data is kept first where the engine can make one. Throws `incompatible` for a schema newer than this program.
 */
export async function migrate(engine: Engine, steps: Record<string, Migration>, { now, tell }: Migrating): Promise<void> {
  const done = await applied(engine)
  refuseNewer(engine, done, steps)
  const pending = Object.keys(steps).filter((name) => !done.includes(name))
  const next = pending.toSorted()[0]
  if (next === undefined) return
  try {
    if (done.length > 0) await copy(engine, next, { now, tell })
    await inTransaction(engine.writer, (trx) => run(engine, trx, steps))
  } catch (error) {
    throw engine.explain(error)
  }
  if (done.length > 0) tell(`${engine.where} has the schema ${pending.toSorted().join(', ')} now`)
}

async function copy(engine: Engine, next: string, { now, tell }: Migrating): Promise<void> {
  tell(`${engine.where} gets the schema ${next}; a large database takes a while`)
  const place = await engine.copy(next, now())
  tell(place === null ? `${engine.where} is not copied before: its own backups are` : `as it was, it is kept in ${place}`)
}

async function run(engine: Engine, trx: OpenTransaction, steps: Record<string, Migration>): Promise<void> {
  await engine.lock(trx, 'migrations')
  const migrator = new Migrator({
    db: trx,
    provider: { getMigrations: async () => steps },
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
    ...(engine.kind === 'postgres' ? { migrationTableSchema: schemaName } : {}),
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

async function applied(engine: Engine): Promise<string[]> {
  const tables = await engine.writer.introspection.getTables({ withInternalKyselyTables: true })
  return tables.some(isOurs) ? names(engine.writer) : []
}

function isOurs(table: { name: string; schema?: string }): boolean {
  return table.name === migrationTable && (table.schema === undefined || table.schema === schemaName)
}

async function names(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTable)} order by name`.execute(db)
  return rows.map((row) => row.name)
}

function refuseNewer(engine: Engine, done: string[], steps: Record<string, Migration>): void {
  const unknown = done.find((name) => !Object.hasOwn(steps, name))
  if (unknown === undefined) return
  throw new TroupeError('incompatible', `${engine.where} was written by a newer troupe (its schema has ${unknown})`, {
    hint: 'install the newest troupe, or restore the copy made before the update',
    facts: { where: engine.where, migration: unknown },
  })
}
