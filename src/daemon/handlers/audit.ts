import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { formatCursor, parseCursor, type Cursor, type JournalEvent } from '../../core/event.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** The journal as evidence: read, checked, carried away. */
export function audit(parts: Parts): Pick<Handlers, 'audit.log' | 'audit.verify' | 'audit.export'> {
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
    'audit.verify': async () => {
      const found = await parts.store.read((db) => db.events.verify())
      if (found.ok) return { ok: true, events: found.events, stream: null, seq: null, why: null }
      return { ok: false, events: null, stream: found.stream, seq: found.seq, why: found.why }
    },
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

function readCursor(text: string | null): Cursor {
  const cursor = text === null ? {} : parseCursor(text)
  if (cursor !== null) return cursor
  throw new TroupeError('usage', 'the cursor is not one of audit.export', { hint: 'leave it out to begin at the first line' })
}

function moved(from: Cursor, events: JournalEvent[]): Cursor {
  return { ...from, ...Object.fromEntries(events.map((event) => [event.stream, event.seq])) }
}
