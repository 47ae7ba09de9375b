import { createHash } from 'node:crypto'

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
  return createHash('sha256').update(text).digest('hex')
}

/** The chain: each hash covers the line before it. Field order is fixed here and nowhere else. */
export function eventHash(event: Omit<JournalEvent, 'hash'>): string {
  return sha256(
    JSON.stringify([event.prev, event.stream, event.seq, event.at, event.type, event.subject, event.agent, event.data]),
  )
}
