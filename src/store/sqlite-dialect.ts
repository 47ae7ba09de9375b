import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely'

/**
 * Kysely on `node:sqlite`, with at most `size` connections, opened when first needed. Kysely's own SQLite dialect
 * wants better-sqlite3, has one connection, and begins deferred transactions; here a writing one takes the lock at
 * its beginning, so that it never fails half-way for it.
 */
export function sqliteDialect(open: () => DatabaseSync, size: number): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new Pool(open, size),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class Adapter extends SqliteAdapter {
  /** SQLite rolls back schema changes like any other; migrations rely on it. */
  override get supportsTransactionalDdl(): boolean {
    return true
  }

  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class Connection implements DatabaseConnection {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, { statement: StatementSync; returnsRows: boolean }>()
  #transaction = false

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /**
   * SQLite itself rolls a transaction back when the disk is full or broken. The next statement would then commit
   * alone, so it is refused.
   */
  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      if (this.#transaction && !this.#db.isTransaction) throw new Error('the database rolled the transaction back')
      return Promise.resolve(this.#run<R>(query))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  #run<R>(query: CompiledQuery): QueryResult<R> {
    const { statement, returnsRows } = this.#prepare(query.sql)
    const parameters = query.parameters as SQLInputValue[]
    if (returnsRows) return { rows: statement.all(...parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  /** Statements are few and the same all day, apart from lists of varying length: those must not pile up. */
  #prepare(sql: string) {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    const prepared = { statement, returnsRows: statement.columns().length > 0 }
    if (this.#statements.size >= 500) this.#statements.clear()
    this.#statements.set(sql, prepared)
    return prepared
  }

  async begin(sql: 'begin' | 'begin immediate'): Promise<void> {
    await this.command(sql)
    this.#transaction = true
  }

  async commit(): Promise<void> {
    await this.command('commit')
    this.#transaction = false
  }

  async rollback(): Promise<void> {
    this.#transaction = false
    if (this.#db.isTransaction) await this.command('rollback')
  }

  async command(sql: string): Promise<void> {
    await this.executeQuery(CompiledQuery.raw(sql))
  }

  close(): void {
    this.#db.close()
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#db.prepare(query.sql).iterate(...(query.parameters as SQLInputValue[]))) yield { rows: [row as R] }
  }
}

class Pool implements Driver {
  readonly #open: () => DatabaseSync
  readonly #size: number
  readonly #all: Connection[] = []
  readonly #free: Connection[] = []
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor(open: () => DatabaseSync, size: number) {
    this.#open = open
    this.#size = size
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#all.length === this.#size) return new Promise((resolve) => void this.#waiting.push(resolve))
    const made = new Connection(this.#open())
    this.#all.push(made)
    return made
  }

  async releaseConnection(connection: Connection): Promise<void> {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(connection)
    else next(connection)
  }

  beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    return connection.begin(settings.accessMode === 'read only' ? 'begin' : 'begin immediate')
  }

  commitTransaction(connection: Connection): Promise<void> {
    return connection.commit()
  }

  rollbackTransaction(connection: Connection): Promise<void> {
    return connection.rollback()
  }

  savepoint(connection: Connection, name: string): Promise<void> {
    return connection.command(`savepoint "${name}"`)
  }

  rollbackToSavepoint(connection: Connection, name: string): Promise<void> {
    return connection.command(`rollback to "${name}"`)
  }

  releaseSavepoint(connection: Connection, name: string): Promise<void> {
    return connection.command(`release "${name}"`)
  }

  async destroy(): Promise<void> {
    for (const connection of this.#all.splice(0)) connection.close()
  }
}
