import type { ControlledTransaction } from 'kysely'
import type { Db } from './engine.ts'
import type { Schema } from './schema.ts'

export type OpenTransaction = ControlledTransaction<Schema>

/** Of whatever is left of a transaction. Never throws: the error that led here is the one that counts. */
export async function rollBack(trx: OpenTransaction): Promise<void> {
  if (trx.isCommitted || trx.isRolledBack) return
  try {
    await trx.rollback().execute()
  } catch {
    // the connection is gone, and the transaction with it
  }
}

/** One transaction of its own; used while opening, before batches run. */
export async function inTransaction<T>(db: Db, work: (trx: OpenTransaction) => Promise<T>): Promise<T> {
  return finished(await db.startTransaction().execute(), work)
}

/** One consistent look at the database: nothing that commits meanwhile is seen. */
export async function inSnapshot<T>(db: Db, work: (trx: OpenTransaction) => Promise<T>): Promise<T> {
  return finished(await db.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(), work)
}

async function finished<T>(trx: OpenTransaction, work: (trx: OpenTransaction) => Promise<T>): Promise<T> {
  try {
    const value = await work(trx)
    await trx.commit().execute()
    return value
  } catch (error) {
    await rollBack(trx)
    throw error
  }
}
