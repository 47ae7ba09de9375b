import type { Clock } from '../../core/clock.ts'
import type { Client } from './client.ts'

/** Before it is tried again, ms. */
const againMs = 250
/**
 * What comes in the moment in which OpenCode opens its port is never answered. So the first knock is given up early, and each
 * further one later: a machine with too much to do may take seconds. ms
 */
const firstKnockMs = 500
const longestKnockMs = 20_000

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
  let knockMs = firstKnockMs
  const once = async (): Promise<void> => {
    if (!(await client.isOurs(knockMs))) throw new Error('another program listens at its port')
    for await (const { type, properties } of client.events(closed.signal, opened)) {
      if (typeof type === 'string') event(type, typeof properties === 'object' && properties !== null ? (properties as Record<string, unknown>) : {})
    }
    throw new Error('it ended the line')
  }
  const go = (): void => {
    once().catch((error: unknown) => {
      if (closed.signal.aborted) return
      if (isUnanswered(error)) knockMs = Math.min(2 * knockMs, longestKnockMs)
      lost(error)
      clock.after(againMs, () => closed.signal.aborted || go())
    })
  }
  go()
  return () => closed.abort()
}

function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
