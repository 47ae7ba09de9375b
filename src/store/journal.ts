import type { Selectable } from 'kysely'
import type { Cursor, JournalEvent, NewEvent } from '../core/event.ts'
import { eventHash } from '../core/event.ts'
import type { Known } from './anchors.ts'
import type { Db } from './engine.ts'
import type { EventTable } from './schema.ts'
import type { Reader } from './store.ts'
import { verify } from './verify.ts'

/** Where a stream ends. */
export interface Head {
  seq: number
  hash: string
}

/** An event that waits for its place in the chain. */
export type Pending = NewEvent & { at: number }

/** Many rows in one insert, well below every engine's limit of parameters. */
const rowsAtOnce = 500

/** Gives events their numbers and hashes, in order, after `head`. */
export function chain(stream: string, head: Head, pending: Pending[]): JournalEvent[] {
  let { seq, hash: prev } = head
  return pending.map((event) => {
    seq += 1
    const { at, type, subject, agent, data } = event
    const line = { stream, seq, at, type, subject, agent, data, prev }
    prev = eventHash(line)
    return { ...line, hash: prev }
  })
}

export async function appendEvents(db: Db, team: string, events: JournalEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += rowsAtOnce) {
    const rows = events.slice(at, at + rowsAtOnce).map((event) => ({ ...event, team, data: JSON.stringify(event.data) }))
    await db.insertInto('events').values(rows).execute()
  }
}

export function readEvent(row: Selectable<EventTable>): JournalEvent {
  const { stream, seq, at, type, subject, agent, prev, hash } = row
  return { stream, seq, at, type, subject, agent, data: JSON.parse(row.data) as JournalEvent['data'], prev, hash }
}

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
    verify: () => verify(db, team, known),
  }
}

export async function headsOf(db: Db, team: string): Promise<Map<string, Head>> {
  const rows = await db.selectFrom('streams').selectAll().where('team', '=', team).orderBy('host').orderBy('epoch').execute()
  return new Map(rows.map((row) => [streamName(row), { seq: row.seq, hash: row.hash }]))
}

/** Where each pruned stream begins: the last event that was removed. */
export async function checkpointsOf(db: Db, team: string): Promise<Map<string, Head>> {
  const rows = await db.selectFrom('checkpoints').selectAll().where('team', '=', team).orderBy('stream').execute()
  return new Map(rows.map((row) => [row.stream, { seq: row.seq, hash: row.hash }]))
}

export function streamName(at: { host: string; epoch: number }): string {
  return `${at.host}/${at.epoch}`
}

/** The next events of one stream, in order. */
export async function pageOf(db: Db, team: string, stream: string, from: number, limit: number): Promise<JournalEvent[]> {
  const query = db.selectFrom('events').selectAll().where('team', '=', team).where('stream', '=', stream)
  return (await query.where('seq', '>', from).orderBy('seq').limit(limit).execute()).map(readEvent)
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

async function recent(db: Db, team: string, { agent, since, limit }: Recent): Promise<JournalEvent[]> {
  const newest: JournalEvent[][] = []
  for (const stream of (await headsOf(db, team)).keys()) {
    let query = db.selectFrom('events').selectAll().where('team', '=', team).where('stream', '=', stream)
    if (agent !== undefined) query = query.where('agent', '=', agent)
    if (since !== undefined) query = query.where('at', '>=', since)
    const rows = await query.orderBy('seq', 'desc').limit(limit).execute()
    newest.push(rows.map(readEvent).toReversed())
  }
  return merge(newest, limit * newest.length).slice(-limit)
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
