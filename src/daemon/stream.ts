import type { StreamItem } from '../api/index.ts'
import { TroupeError } from '../core/error.ts'
import { formatCursor, parseCursor, type Cursor } from '../core/event.ts'
import type { Store } from '../store/store.ts'

const batch = 500

/** The journal from a cursor on, live, until the signal. A commit only wakes the reader: it reads at its own pace. */
export async function* stream(store: Store, from: string | null, signal: AbortSignal): AsyncGenerator<StreamItem> {
  let cursor = from === null ? await store.read((db) => db.events.head()) : positions(from)
  let wake = () => {}
  let news = true
  const leave = store.subscribe(() => {
    news = true
    wake()
  })
  const stop = () => wake()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      news = false
      const found = await store.read((db) => db.events.after(cursor, batch))
      if (found.gone) {
        cursor = await store.read((db) => db.events.head())
        yield { id: formatCursor(cursor), event: 'reset', data: null }
      }
      for (const event of found.events) {
        cursor = { ...cursor, [event.stream]: event.seq }
        yield { id: formatCursor(cursor), event: 'journal', data: event }
      }
      if (found.events.length > 0 || found.gone) continue
      await new Promise<void>((resolve) => {
        wake = resolve
        if (news || signal.aborted) resolve()
      })
    }
  } finally {
    leave()
    signal.removeEventListener('abort', stop)
  }
}

function positions(text: string): Cursor {
  const cursor = parseCursor(text)
  if (cursor === null) throw new TroupeError('usage', 'the cursor is not one of ours', { hint: 'leave it out to start from now', facts: { cursor: text } })
  return cursor
}
