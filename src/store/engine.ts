import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** What a query runs on: the writer inside a batch, or a reader. */
export type Db = Kysely<Schema>
export type Trx = Transaction<Schema>

/** Where the tables are, on engines that have schemas. */
export const schemaName = 'troupe'

/**
 * What a failure means for the transaction it happened in:
 * `work` only the one write failed; `retry` the whole batch may be tried again; `lost` the connection is gone, and
 * at commit nobody knows; `batch` the database itself failed, and everything in the batch with it.
 */
export type Fault = 'work' | 'retry' | 'lost' | 'batch'

/** A database, opened and checked. Everything that differs between SQLite and PostgreSQL is behind this. */
export interface Engine {
  readonly kind: 'sqlite' | 'postgres'
  readonly where: string
  readonly writer: Db
  /** Sees what is committed. On SQLite a connection of its own, read-only. */
  readonly reader: Db
  /** Makes the transaction the only writing one of its scope (a team) until it ends. */
  lock(trx: Trx, scope: string): Promise<void>
  /** How often another connection than the writer has changed the database, asked inside a transaction of the writer's; null where that is no news. */
  foreign: (() => number) | null
  fault(error: unknown): Fault
  /** The error as people get it: a TroupeError where the database failed, else unchanged. */
  explain(error: unknown): unknown
  /** Keeps a copy of the data before a step of the schema, at a time in ms; its place, or null where the engine makes none. */
  copy(step: string, at: number): Promise<string | null>
  /** Writes a whole copy of the data into a new file while commits go on; null where the engine's own tools do that. */
  backup: ((target: string) => Promise<void>) | null
  /** Resolves once everything committed before the call is on the disk, one call at a time; null where a commit waits for that. */
  sync: (() => Promise<void>) | null
  close(): Promise<void>
}
