import { sql } from 'kysely'
import type { Cursor, JournalEvent } from '../core/event.ts'
import type { Known } from './anchors.ts'
import type { Db } from './engine.ts'
import { checkpointsOf, headsOf, pageOf, readEvent } from './journal.ts'
import type { Reader } from './store.ts'
import { verify } from './verify.ts'

export function eventsReader(db: Db, team: string, known: Known): Reader['events'] {
  return {
    after: (cursor, limit) => after(db, team, cursor, limit),
    async about(subject) {
      const query = db.selectFrom('events').selectAll().where('team', '=', team).where('subject', '=', subject)
      const rows = await query.orderBy('stream').orderBy('seq').execute()
      return merge([...Map.groupBy(rows.map(readEvent), (event) => event.stream).values()], rows.length)
    },
    recent: (filter) => recent(db, team, filter),
    async head() {
      const heads = await headsOf(db, team)
      return Object.fromEntries([...heads].map(([stream, head]) => [stream, head.seq]))
    },
    heads: async () => [...(await headsOf(db, team))].map(([stream, head]) => ({ stream, ...head })),
    verify: (kept = null) => verify(db, team, known, kept),
  }
}

async function after(db: Db, team: string, cursor: Cursor, limit: number): Promise<{ events: JournalEvent[]; gone: boolean }> {
  const [heads, checkpoints] = [await headsOf(db, team), await checkpointsOf(db, team)]
  const pages: JournalEvent[][] = []
  let gone = Object.keys(cursor).some((stream) => !heads.has(stream))
  for (const [stream, head] of heads) {
    const from = cursor[stream] ?? 0
    const begin = checkpoints.get(stream)?.seq ?? 0
    // Ahead of the head: the database was put back to an older state.
    if (from < begin || from > head.seq) gone = true
    if (from < head.seq) pages.push(await pageOf(db, team, stream, from, limit))
  }
  return { events: merge(pages, limit), gone }
}

type Recent = Parameters<Reader['events']['recent']>[0]

async function recent(db: Db, team: string, { agent, since, type, limit }: Recent): Promise<JournalEvent[]> {
  const newest: JournalEvent[][] = []
  for (const stream of (await headsOf(db, team)).keys()) {
    let query = db.selectFrom('events').selectAll().where('team', '=', team).where('stream', '=', stream)
    if (agent !== undefined) query = query.where('agent', '=', agent)
    if (since !== undefined) query = query.where('at', '>=', since)
    if (type !== undefined) query = query.where((is) => is.or([is('type', '=', type), is(typeStart(`${type}.`.length), '=', `${type}.`)]))
    const rows = await query.orderBy('seq', 'desc').limit(limit).execute()
    newest.push(rows.map(readEvent).toReversed())
  }
  return merge(newest, limit * newest.length).slice(-limit)
}

/** Not `like`, which reads a type's own `_` and `%`. */
function typeStart(length: number) {
  return sql<string>`substr(type, 1, ${sql.lit(length)})`
}

/** Streams merged by time; within a stream the order stays, even where its clock went back. */
function merge(streams: JournalEvent[][], limit: number): JournalEvent[] {
  const open = streams.filter((events) => events.length > 0).map((events) => ({ events, at: 0 }))
  const merged: JournalEvent[] = []
  while (merged.length < limit && open.length > 0) {
    const next = open.reduce((best, other) => (timeOf(other) < timeOf(best) ? other : best))
    const event = next.events[next.at++]
    if (event !== undefined) merged.push(event)
    if (next.at === next.events.length) open.splice(open.indexOf(next), 1)
  }
  return merged
}

function timeOf(open: { events: JournalEvent[]; at: number }): number {
  return open.events[open.at]?.at ?? Number.POSITIVE_INFINITY
}
