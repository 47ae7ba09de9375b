import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { UsageRow } from '../../src/api/index.ts'
import { patiently, team } from '../e2e/troupe.ts'
import { FakedTime, whyNoFakedTime } from './faked-time.ts'

/** s */
const hour = 3_600
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  '*': [
    { when: '/^Spend/', do: [...Array.from({ length: 8 }, () => ({ tool: 'sleep', args: { ms: 400 }, output_tokens: 300_000 })), ack, { text: 'spent' }] },
    { otherwise: [ack, { text: 'seen' }] },
  ],
}
const budget = { daily_usd_limit: 0.5, prices: { 'scripted-1': { input: 0, output: 1 } } }

describe.skipIf(whyNoFakedTime() !== null)('the turn of the day', { timeout: 300_000 }, () => {
  it('lets go on what a limit stopped, told once; then T26: an idle team makes no model call, for hours', async () => {
    const troupe = new FakedTime(team({ a: {}, b: {}, c: {} }, { scenario, compose: { budget } }))
    const calls = async (): Promise<number> => (await troupe.json<UsageRow[]>('usage')).reduce((sum, row) => sum + row.calls, 0)
    await troupe.startDaemon()
    await troupe.ok('up')
    await troupe.ok('send', 'b', 'hello')
    await troupe.settled(1)
    await troupe.ok('send', 'a', 'Spend')
    await vi.waitFor(async () => expect((await troupe.json<{ phase: string }[]>('ps')).map(({ phase }) => phase)).toEqual(['parked', 'parked', 'parked']), patiently)
    troupe.shift(24 * hour)
    await vi.waitFor(async () => expect((await troupe.json<{ phase: string }[]>('ps')).map(({ phase }) => phase)).not.toContain('parked'), patiently)
    await vi.waitFor(async () => expect((await troupe.mail()).filter(({ from, text }) => from === 'troupe' && text.includes('Go on')).map(({ to, state }) => [to, state.slice(0, 5)])).toEqual([['p:a', 'acked']]), patiently)
    const before = await calls()
    // What it had left to do is done; nobody has anything to do.
    await vi.waitFor(async () => expect((await troupe.json<{ phase: string }[]>('ps')).every(({ phase }) => phase === 'idle')).toBe(true), patiently)
    const settled = await calls()
    expect(settled).toBeGreaterThanOrEqual(before)
    for (const ahead of [25, 26, 30]) {
      troupe.shift(ahead * hour)
      await sleep(4_000)
    }
    expect(await calls()).toBe(settled)
  })
})
