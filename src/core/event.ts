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

/** Where a stream ended at some moment, as a person keeps it: the hash alone is enough to find it again. */
export interface KeptHead {
  stream: string | null
  seq: number | null
  hash: string
}

/** `host/epoch:seq:hash`, one line. */
export function formatHead(at: { stream: string; seq: number; hash: string }): string {
  return `${at.stream}:${at.seq}:${at.hash}`
}

/** Of what `formatHead` wrote, or the hash alone; null for anything else. */
export function parseHead(text: string): KeptHead | null {
  const [, stream, seq, digest] = /^(?:(.+):(\d{1,15}):)?([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  if (digest === undefined) return null
  return { stream: stream ?? null, seq: seq === undefined ? null : Number(seq), hash: digest.toLowerCase() }
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
