import type { NewEvent } from '../core/event.ts'
import type { Db } from './engine.ts'
import { checkpointsOf, headsOf } from './journal.ts'
import type { Head } from './journal.ts'

/** Removes what is older than `before` from the beginning of every stream of the team, up to the first younger line. */
export async function prune(db: Db, team: string, before: number, journal: (event: NewEvent) => void): Promise<number> {
  const checkpoints = await checkpointsOf(db, team)
  let removed = 0
  for (const [stream, head] of await headsOf(db, team)) {
    const upTo = await lastOld(db, team, stream, before, head)
    if (upTo.seq <= (checkpoints.get(stream)?.seq ?? 0)) continue
    const gone = db.deleteFrom('events').where('team', '=', team).where('stream', '=', stream).where('seq', '<=', upTo.seq)
    removed += Number((await gone.executeTakeFirst()).numDeletedRows)
    await putCheckpoint(db, team, stream, upTo)
    checkpoints.set(stream, upTo)
  }
  // All of them each time: the event that told of an older one may be among those removed.
  if (removed > 0)
    journal({
      type: 'journal.checkpoint',
      subject: 'journal',
      agent: null,
      data: { before, streams: Object.fromEntries(checkpoints) },
    })
  return removed
}

async function lastOld(db: Db, team: string, stream: string, before: number, head: Head): Promise<Head> {
  const events = db.selectFrom('events').where('team', '=', team).where('stream', '=', stream)
  const young = await events.select('seq').where('at', '>=', before).orderBy('seq').limit(1).executeTakeFirst()
  if (young === undefined) return head
  const old = await events
    .select(['seq', 'hash'])
    .where('seq', '=', young.seq - 1)
    .executeTakeFirst()
  return old ?? { seq: 0, hash: '' }
}

async function putCheckpoint(db: Db, team: string, stream: string, { seq, hash }: Head): Promise<void> {
  await db
    .insertInto('checkpoints')
    .values({ team, stream, seq, hash })
    .onConflict((conflict) => conflict.columns(['team', 'stream']).doUpdateSet({ seq, hash }))
    .execute()
}
