import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import type { UsageRow } from '../../src/api/index.ts'
import { patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

/** A dollar for a million tokens of what it says, and nothing for what it reads: 36.5 cents a call. */
const prices = { claude: { input: 0, output: 1, cache_read: 0, cache_write: 0 } }
const each = 0.365
const calls = 14
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' }, output_tokens: 0 }
const scenario = {
  'p:a': [
    { when: '/^Spend/', do: [...Array.from({ length: calls }, (_, n) => ({ tool: 'Bash', args: { command: `touch step-${n}`, description: 'one step' }, output_tokens: 365_000, delay: 1_500 })), ack, { text: 'spent', output_tokens: 0 }] },
    { from: 'troupe', do: [ack, { text: 'heard', output_tokens: 0 }] },
    { otherwise: [{ text: 'seen', output_tokens: 0 }] },
  ],
}

describe.skipIf(missing !== null)('a real Claude Code', () => {
  it('T20: is stopped at $0.50 in the middle of a run that would cost $5.11, does nothing that is typed then, and goes on when it may', async () => {
    const troupe = new Troupe(team({ a: { runtime: 'claude-code' } }, { scenario, compose: { budget: { daily_usd_limit: 0.5, prices } } }), { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
    const steps = (): number => Array.from({ length: calls }, (_, n) => existsSync(join(troupe.root, `step-${n}`))).filter(Boolean).length
    const spent = async (): Promise<number> => (await troupe.json<UsageRow[]>('usage')).reduce((sum, { usd }) => sum + Number(usd), 0)
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Spend')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'parked', detail: expect.stringContaining('budget.daily_usd_limit (team-compose.yaml:1)') }), patiently)
    const stop = (await troupe.events()).findLast(({ type }) => type === 'budget.stopped')!
    expect(stop.data).toMatchObject({ limit: '0.50', inFlight: 1 })
    const cost = await spent()
    expect(cost).toBeGreaterThanOrEqual(0.5)
    expect(steps()).toBeLessThan(calls)
    // Nothing costs anything any more: what it was at is over.
    const quiet = await troupe.ok('logs', 'a')
    expect(quiet).not.toContain('spent\n')
    await troupe.ok('send', 'a', 'More')
    expect((await troupe.mail()).find(({ text }) => text === 'More')?.state).toBe('queued')
    expect(await spent()).toBeLessThanOrEqual(cost + each)
    expect(await spent()).toBeLessThan(calls * each)

    await troupe.ok('budget', 'allow', 'team', '100')
    await vi.waitFor(async () => expect((await troupe.mail()).find(({ text }) => text === 'More')?.state).toMatch(/^(delivered|acked)/), patiently)
    expect((await troupe.events()).some(({ type }) => type === 'budget.released')).toBe(true)
  }, 300_000)
})
