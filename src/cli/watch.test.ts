import { getEventListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { TroupeError } from '../core/error.ts'
import type { Cli } from './cli.ts'
import { Given } from './given.ts'
import { createOutput } from './output.ts'
import { show } from './watch.ts'

afterEach(() => void vi.useRealTimers())

/** A command line whose daemon says something when told to, and goes when told to. */
function watched() {
  const stop = new AbortController()
  const written: string[] = []
  let tell = (_said: 'news' | 'gone'): void => undefined
  const connections: AbortSignal[] = []
  const cli = {
    out: createOutput({ env: {}, json: false, quiet: false, color: false, stdout: { write: (text) => written.push(text) }, stderr: { write: (text) => written.push(text) } }),
    signal: stop.signal,
    running: async () => true,
    close: async () => undefined,
    async *events(_cursor: string | null, until: AbortSignal) {
      connections.push(until)
      for (;;) {
        const said = await new Promise<'news' | 'gone' | 'end'>((resolve) => {
          tell = resolve
          until.addEventListener('abort', () => resolve('end'), { once: true })
        })
        if (said === 'gone') throw new TroupeError('unavailable', 'gone')
        if (said === 'end') return
        yield {}
      }
    },
  } as unknown as Cli
  return { cli, stop, written, connections, tell: (said: 'news' | 'gone') => tell(said), listeners: () => getEventListeners(stop.signal, 'abort').length }
}

test('a night of watching leaves nothing behind, second by second', async () => {
  vi.useFakeTimers()
  const { cli, stop, listeners, tell } = watched()
  const race = vi.spyOn(Promise, 'race')
  const any = vi.spyOn(AbortSignal, 'any')
  let fetched = 0
  const watching = show(cli, new Given({ watch: true }), { fetch: async () => ++fetched, print: () => undefined })
  await vi.advanceTimersByTimeAsync(2_000)
  const before = listeners()
  for (let tick = 0; tick < 500; tick += 1) {
    if (tick % 5 === 0) tell('news')
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect([listeners(), fetched, vi.getTimerCount()]).toEqual([before, 101, 1])
  expect([race, any].map((spied) => spied.mock.calls.length)).toEqual([0, 0])
  stop.abort()
  await watching
  expect([listeners(), vi.getTimerCount()]).toEqual([0, 0])
})

test('a daemon that goes is noticed at once, and the next one is listened to', async () => {
  vi.useFakeTimers()
  const { cli, stop, tell, connections } = watched()
  let fetched = 0
  const watching = show(cli, new Given({ watch: true }), { fetch: async () => ++fetched, print: () => undefined })
  await vi.advanceTimersByTimeAsync(100)
  tell('gone')
  await vi.advanceTimersByTimeAsync(100)
  expect([fetched, connections.length, connections[0]?.aborted]).toEqual([2, 2, true])
  stop.abort()
  await watching
})

test('what no event tells of is asked for again only while the value says so', async () => {
  vi.useFakeTimers()
  const { cli, stop } = watched()
  let left = 5
  const watching = show(cli, new Given({ watch: true }), { fetch: async () => --left, print: () => undefined, staleMs: (value) => (value > 0 ? 1000 : Infinity) })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(left).toBe(0)
  stop.abort()
  await watching
})
