import type { Clock } from '../../core/clock.ts'
import type { Client } from './client.ts'

/** Before it is tried again, ms. */
const againMs = 250

interface Line {
  client: Client
  clock: Clock
  /** The line stands: what happened before is to be asked for. */
  opened(): void
  event(type: string, properties: Record<string, unknown>): void
  /** It ended; it is tried again. */
  lost(error: unknown): void
}

/** Listens to OpenCode's events for as long as it lives. Returns the way out. */
export function listen({ client, clock, opened, event, lost }: Line): () => void {
  const closed = new AbortController()
  const once = async (): Promise<void> => {
    if (!(await client.isOurs())) throw new Error('another program listens at its port')
    for await (const { type, properties } of client.events(closed.signal, opened)) {
      if (typeof type === 'string') event(type, typeof properties === 'object' && properties !== null ? (properties as Record<string, unknown>) : {})
    }
    throw new Error('it ended the line')
  }
  const go = (): void => {
    once().catch((error: unknown) => {
      if (closed.signal.aborted) return
      lost(error)
      clock.after(againMs, () => closed.signal.aborted || go())
    })
  }
  go()
  return () => closed.abort()
}
