import { hash } from 'node:crypto'

/** One line of the journal. Written in the transaction of the change it tells of. */
export interface JournalEvent {
  /** A stream per daemon and epoch: `<host>/<epoch>`. */
  stream: string
  seq: number
  at: number
  type: string
  /** What it is about: an agent's address, a message id, `team`. */
  subject: string
  /** The agent concerned, for filters. */
  agent: string | null
  /** Ids and hashes, never bodies. */
  data: Record<string, unknown>
  /** Hash of the event before it in the stream, hex. */
  prev: string
  hash: string
}

export type NewEvent = Pick<JournalEvent, 'type' | 'subject' | 'agent' | 'data'>

/** Readers hold one position per stream. */
export type Cursor = Record<string, number>

export const firstHash = '0'.repeat(64)

export function sha256(text: string): string {
  return hash('sha256', text)
}

/** The chain: each hash covers the line before it. Field order is fixed here and nowhere else. */
export function eventHash(event: Omit<JournalEvent, 'hash'>): string {
  return sha256(
    JSON.stringify([event.prev, event.stream, event.seq, event.at, event.type, event.subject, event.agent, event.data]),
  )
}

/** A cursor as text, for SSE ids and `events` requests. */
export function formatCursor(cursor: Cursor): string {
  return JSON.stringify(cursor)
}

/** Null for what is not a cursor. */
export function parseCursor(text: string): Cursor | null {
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return null
    const entries = Object.entries(found)
    return entries.every(([, seq]) => Number.isSafeInteger(seq) && seq >= 0) ? (Object.fromEntries(entries) as Cursor) : null
  } catch {
    return null // not JSON: the caller says so
  }
}
