import { Hono } from 'hono'
import { expect, it, vi } from 'vitest'
import type { StreamItem } from '../api/index.ts'
import { systemClock as clock } from '../core/clock.ts'
import { sendEvents, sseTimes as times } from './sse.ts'

it('lets go of the journal when its reader goes in the middle of what was read at once', async () => {
  let left = 0
  async function* open(): AsyncGenerator<StreamItem> {
    try {
      for (let n = 1; ; n++) yield { id: String(n), event: 'journal', data: 'x'.repeat(100_000) }
    } finally {
      left += 1
    }
  }
  const app = new Hono().get('/', (c) => sendEvents(c, open, { clock, times, signal: c.req.raw.signal }))
  const reader = (await app.request('/')).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await vi.waitFor(() => expect(left).toBe(1), { timeout: 30_000, interval: 10 })
})
