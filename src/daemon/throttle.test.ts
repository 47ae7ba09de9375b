import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { defaultLimits } from '../core/limits.ts'
import type { Store } from '../store/store.ts'
import type { Caller } from './daemon.ts'
import { Throttle } from './throttle.ts'

const ada = { kind: 'agent', address: 'p:ada', incarnation: '1' } as const satisfies Caller

function make() {
  const told: unknown[] = []
  const store = { write: async (work: (tx: unknown) => Promise<void>) => await work({ journal: async (event: unknown) => void told.push(event) }) } as unknown as Store
  const limits = () => ({ ...defaultLimits, waitsAtOnce: 2 })
  return { told, throttle: new Throttle({ store, clock: { ...systemClock, now: () => 1000 }, limits, report: () => undefined }) }
}

test('streams and calls that wait share their places; the end of one frees its place once', async () => {
  const { throttle, told } = make()
  const streams = [new AbortController(), new AbortController()]
  for (const { signal } of streams) throttle.hold(ada, signal)
  throttle.hold(ada, AbortSignal.abort())
  expect(() => throttle.hold(ada, new AbortController().signal)).toThrow('limits.waits_at_once')
  await expect(throttle.run(ada, 'inbox_watch', async () => 'mail')).rejects.toThrow('limits.waits_at_once')
  expect(await throttle.run(ada, 'dm', async () => 'sent')).toBe('sent')
  expect(await throttle.run({ kind: 'operator', via: 'http' }, 'inbox_watch', async () => 'mail')).toBe('mail')
  streams[0]?.abort()
  streams[0]?.abort()
  expect(await throttle.run(ada, 'inbox_watch', async () => 'mail')).toBe('mail')
  throttle.hold(ada, new AbortController().signal)
  expect(() => throttle.hold(ada, new AbortController().signal)).toThrow('limits.waits_at_once')
  expect(throttle.refused('p:ada')).toEqual({ waits_at_once: { times: 3, last: 1000 } })
  expect(told).toEqual([expect.objectContaining({ type: 'agent.throttled', agent: 'p:ada', data: expect.objectContaining({ refused: 1 }) })])
})

test('a call that fails frees its place', async () => {
  const { throttle } = make()
  const fails = async (): Promise<never> => await Promise.reject(new Error('no'))
  for (let n = 0; n < 5; n += 1) await expect(throttle.run(ada, 'inbox_watch', fails)).rejects.toThrow('no')
})
