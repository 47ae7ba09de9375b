import type { Selectable } from 'kysely'
import type { JournalEvent, NewEvent } from '../core/event.ts'
import { eventHash } from '../core/event.ts'
import type { Db } from './engine.ts'
import { inChunks, prepared } from './prepared.ts'
import type { EventTable } from './schema.ts'

/** Where a stream ends. */
export interface Head {
  seq: number
  hash: string
}

/** An event that waits for its place in the chain. */
export type Pending = NewEvent & { at: number }

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
  const rows = events.map((event) => ({ ...event, team, data: JSON.stringify(event.data) }))
  for (const some of inChunks(rows)) await insertEvents(db, some)
}

const insertEvents = prepared((db, rows: EventTable[]) => db.insertInto('events').values(rows))

export function readEvent(row: Selectable<EventTable>): JournalEvent {
  const { stream, seq, at, type, subject, agent, prev, hash } = row
  return { stream, seq, at, type, subject, agent, data: JSON.parse(row.data) as JournalEvent['data'], prev, hash }
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
