import { CompiledQuery } from 'kysely'
import type { OpenTransaction } from './transaction.ts'

/** Kysely's own savepoints cost more than the inserts between them. */
const savepoint = {
  set: CompiledQuery.raw('savepoint troupe_write'),
  back: CompiledQuery.raw('rollback to savepoint troupe_write'),
  release: CompiledQuery.raw('release savepoint troupe_write'),
}

/** Undoes what the work did where it was not ok, or where the database says so at its end; `isFault` knows which of its errors do. */
export async function inSavepoint<T extends { ok: boolean }>(
  trx: OpenTransaction,
  work: () => Promise<T>,
  isFault: (error: unknown) => boolean,
): Promise<T | { ok: false; error: unknown }> {
  await trx.executeQuery(savepoint.set)
  const outcome = await work()
  try {
    if (outcome.ok) await trx.executeQuery(savepoint.release)
    if (outcome.ok) return outcome
  } catch (error) {
    // PostgreSQL refuses where the work went on after a failed query.
    if (!isFault(error)) throw error
    await undo(trx)
    return { ok: false, error }
  }
  await undo(trx)
  return outcome
}

/** Rolling back leaves the savepoint itself open. */
async function undo(trx: OpenTransaction): Promise<void> {
  await trx.executeQuery(savepoint.back)
  await trx.executeQuery(savepoint.release)
}
