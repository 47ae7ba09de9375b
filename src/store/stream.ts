import { randomUUID } from 'node:crypto'
import { TroupeError } from '../core/error.ts'
import { firstHash } from '../core/event.ts'
import type { Db, Engine } from './engine.ts'
import type { Head } from './journal.ts'
import { prepared } from './prepared.ts'
import type { Written } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Where this daemon's stream ends, and the mark of its last batch. */
export interface Position extends Head {
  batch: string
}

interface Taker {
  team: string
  host: string
  epoch: number | undefined
}

/**
 * Takes the stream of this host. A restart goes on with the same epoch; who asks for a higher one fences the
 * daemon that holds a lower one; who comes with a lower one was fenced itself.
 */
export async function takeStream(engine: Engine, who: Taker): Promise<{ by: Written; position: Position }> {
  try {
    return await inTransaction(engine.writer, async (trx) => {
      await engine.lock(trx, who.team)
      return take(trx, who)
    })
  } catch (error) {
    throw engine.explain(error)
  }
}

async function take(db: Db, who: Taker): Promise<{ by: Written; position: Position }> {
  const { team, host } = who
  const ofHost = db.selectFrom('streams').selectAll().where('team', '=', team).where('host', '=', host)
  const latest = await ofHost.orderBy('epoch', 'desc').limit(1).executeTakeFirst()
  const epoch = who.epoch ?? latest?.epoch ?? 1
  const by = { team, host, epoch }
  if (latest !== undefined && latest.epoch > epoch) throw fenced(by)
  const batch = randomUUID()
  // The mark of every older epoch changes too: its daemon finds nothing to move and stops writing.
  await db.updateTable('streams').set({ batch }).where('team', '=', team).where('host', '=', host).execute()
  if (latest?.epoch === epoch) return { by, position: { seq: latest.seq, hash: latest.hash, batch } }
  const position = { seq: 0, hash: firstHash, batch }
  await db
    .insertInto('streams')
    .values({ ...by, ...position })
    .execute()
  return { by, position }
}

/** Moves the stream to its new head, if it is still ours. Throws `conflict` if another daemon took it. */
export async function moveStream(db: Db, by: Written, from: Position, to: Position): Promise<void> {
  const { numAffectedRows } = await move(db, { ...by, before: from.batch, to: { seq: to.seq, hash: to.hash, batch: to.batch } })
  if (numAffectedRows === 0n) throw fenced(by)
}

const move = prepared((db, { team, host, epoch, before, to }: Written & { before: string; to: Position }) =>
  db
    .updateTable('streams')
    .set(to)
    .where('team', '=', team)
    .where('host', '=', host)
    .where('epoch', '=', epoch)
    .where('batch', '=', before),
)

/** The stream as it stands, once every transaction that is still changing it has ended (PostgreSQL). */
export async function settledStream(db: Db, by: Written): Promise<Position> {
  const row = await db
    .selectFrom('streams')
    .select(['seq', 'hash', 'batch'])
    .where('team', '=', by.team)
    .where('host', '=', by.host)
    .where('epoch', '=', by.epoch)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw fenced(by)
  return row
}

/** For good: whoever gets it writes nothing more. */
export function isFenced(error: unknown): error is TroupeError {
  return error instanceof TroupeError && error.code === 'conflict' && 'epoch' in error.facts
}

export function fenced(by: { host: string; epoch: number }): TroupeError {
  return new TroupeError('conflict', `another daemon writes as host ${by.host} now; this one (epoch ${by.epoch}) was shut out`, {
    hint: 'stop one of the two daemons; a copied team root needs a host name of its own',
    facts: { host: by.host, epoch: by.epoch },
  })
}
