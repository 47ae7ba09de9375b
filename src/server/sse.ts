import type { Context } from 'hono'
import { streamSSE, type SSEStreamingApi } from 'hono/streaming'
import type { StreamItem } from '../api/index.ts'
import type { Clock } from '../core/clock.ts'

/** ms. A comment goes out after this much silence; a reader that has not taken it after the stall is cut off. */
export const sseTimes = { heartbeatMs: 15_000, stallMs: 30_000 }

export interface SseOptions {
  clock: Clock
  times: typeof sseTimes
  signal: AbortSignal
}

/** The journal to one reader: each item with its cursor as the event's id, so that a browser resumes by itself. */
export function sendEvents(c: Context, open: (signal: AbortSignal) => AsyncIterable<StreamItem>, options: SseOptions): Response {
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    const ended = new AbortController()
    const end = (): void => ended.abort()
    options.signal.addEventListener('abort', end, { once: true })
    stream.onAbort(end)
    const items = open(ended.signal)[Symbol.asyncIterator]()
    try {
      await stream.write('retry: 1000\n\n')
      await pump(stream, items, options, ended)
    } finally {
      ended.abort()
      // It may stand in the middle of what it read at once, and would never learn that nobody asks for the rest.
      void items.return?.().catch(() => undefined)
      options.signal.removeEventListener('abort', end)
    }
  })
}

async function pump(
  stream: SSEStreamingApi,
  items: AsyncIterator<StreamItem>,
  options: SseOptions,
  ended: AbortController,
): Promise<void> {
  let next = items.next()
  while (!ended.signal.aborted) {
    const found = await within(next, options.times.heartbeatMs, options.clock)
    if (found !== 'late' && found.done === true) return
    const write: Promise<unknown> = found === 'late' ? stream.write(': alive\n\n') : writeItem(stream, found.value)
    const written = await within(write, options.times.stallMs, options.clock)
    if (written === 'late') ended.abort()
    if (found !== 'late') next = items.next()
  }
}

function writeItem(stream: SSEStreamingApi, item: StreamItem): Promise<unknown> {
  return stream.writeSSE({ id: item.id, event: item.event, data: JSON.stringify(item.data) })
}

async function within<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | 'late'> {
  let stopTimer = (): void => undefined
  const late = new Promise<'late'>((resolve) => {
    stopTimer = clock.after(ms, () => resolve('late'))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    stopTimer()
  }
}
