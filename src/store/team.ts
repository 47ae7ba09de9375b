import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../core/clock.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import type { Engine } from './engine.ts'
import { inTransaction } from './transaction.ts'

/**
 * The id that all rows of this root carry, 16 hex digits. A SQLite file belongs to one team and names it itself, so
 * that it can be moved; in a database that teams share, `file` says which one is ours.
 */
export async function teamId(engine: Engine, file: string, clock: Clock): Promise<string> {
  const kept = engine.kind === 'postgres' ? read(file) : null
  const id = await inTransaction(engine.writer, async (trx) => {
    await engine.lock(trx, 'teams')
    const query = trx.selectFrom('teams').select('id')
    const there = await (engine.kind === 'postgres' ? query.where('id', '=', kept ?? '') : query.limit(1)).executeTakeFirst()
    if (there !== undefined) return there.id
    const made = kept ?? randomBytes(8).toString('hex')
    await trx.insertInto('teams').values({ id: made, created_at: clock.now() }).execute()
    return made
  })
  if (engine.kind === 'postgres' && kept === null) writeAtomic(file, `${id}\n`)
  return id
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
