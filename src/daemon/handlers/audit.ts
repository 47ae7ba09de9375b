import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { formatCursor, formatHead, parseCursor, parseHead, type Cursor, type JournalEvent, type KeptHead } from '../../core/event.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** The journal as evidence: read, checked, carried away. */
export function audit(parts: Parts): Pick<Handlers, 'audit.log' | 'audit.verify' | 'audit.head' | 'audit.export'> {
  return {
    'audit.log': async ({ agent, since, type, limit }) => {
      const filter = {
        limit,
        ...(agent === undefined ? {} : { agent: resolveAgent(parts.team(), agent).address }),
        ...(since === undefined ? {} : { since }),
        ...(type === undefined ? {} : { type }),
      }
      return await parts.store.read((db) => db.events.recent(filter))
    },
    'audit.verify': async ({ head }) => {
      const kept = head === undefined ? null : keptHead(head)
      const found = await parts.store.read((db) => db.events.verify(kept))
      if (found.ok) return { ok: true, events: found.events, stream: null, seq: null, why: null, head: found.kept }
      return { ok: false, events: null, stream: found.stream, seq: found.seq, why: found.why, head: null }
    },
    'audit.head': async () => (await parts.store.read((db) => db.events.heads())).map((head) => ({ ...head, head: formatHead(head) })),
    'audit.export': async ({ cursor, since, limit }) => {
      const from = readCursor(cursor)
      const { events, gone } = await parts.store.read((db) => db.events.after(from, limit))
      return {
        events: since === undefined ? events : events.filter((event) => event.at >= since),
        cursor: events.length < limit ? null : formatCursor(moved(from, events)),
        pruned: gone,
      }
    },
  }
}

function keptHead(text: string): KeptHead {
  const kept = parseHead(text)
  if (kept !== null) return kept
  throw new TroupeError('usage', `"${text}" is no head of a journal`, { hint: 'give a line of troupe audit head, or the 64 hexadecimal digits at its end' })
}

function readCursor(text: string | null): Cursor {
  const cursor = text === null ? {} : parseCursor(text)
  if (cursor !== null) return cursor
  throw new TroupeError('usage', 'the cursor is not one of audit.export', { hint: 'leave it out to begin at the first line' })
}

function moved(from: Cursor, events: JournalEvent[]): Cursor {
  return { ...from, ...Object.fromEntries(events.map((event) => [event.stream, event.seq])) }
}
