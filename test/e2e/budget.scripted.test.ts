import { expect, it, vi } from 'vitest'
import type { BudgetRow, UsageRow } from '../../src/api/index.ts'
import { kill, patiently, team, Troupe } from './troupe.ts'

/** A dollar for a million tokens, and so many of them in each call: 36.5 cents. */
const prices = { 'scripted-1': { input: 0, output: 1 } }
const call = { tool: 'sleep', args: { ms: 400 }, output_tokens: 365_000 }
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' }, output_tokens: 0 }
/** Fourteen calls: $5.11 in all. */
const spree = Array.from({ length: 14 }, () => call)
const scenario = {
  '*': [
    { when: '/^Spend/', do: [...spree, ack, { text: 'spent', output_tokens: 0 }] },
    { when: '/^Rest/', do: [ack, { text: 'rested', output_tokens: 0 }] },
    { from: 'troupe', do: [ack, { text: 'heard', output_tokens: 0 }] },
    { otherwise: [ack, { text: 'seen', output_tokens: 0 }] },
  ],
}

class Spending extends Troupe {
  async stopped(name = 'a'): Promise<string> {
    return await vi.waitFor(async () => {
      const { phase, detail } = await this.agent(name)
      expect(phase).toBe('parked')
      return detail
    }, patiently)
  }

  async spent(): Promise<number> {
    return (await this.json<UsageRow[]>('usage')).reduce((sum, { usd }) => sum + Number(usd), 0)
  }

  async row(scope: BudgetRow['scope']): Promise<BudgetRow> {
    return (await this.json<BudgetRow[]>('budget')).find((row) => row.scope === scope)!
  }
}

it('T20: an agent that would cost $5.11 is stopped in the middle of its run at $0.50; kill -9 of the daemon keeps it so; allowed more, it goes on', async () => {
  const troupe = new Spending(team({ a: {}, b: {} }, { scenario, compose: { budget: { daily_usd_limit: 0.5, prices } } }))
  expect((await troupe.run('up')).stderr).not.toContain('no limit')
  await troupe.ok('send', 'a', 'Spend')
  expect(await troupe.stopped()).toMatch(/^\$\d\.\d+ spent of \$0\.50 for the day: budget\.daily_usd_limit \(team-compose\.yaml:1\)/)
  const spent = await troupe.spent()
  // The ceiling, what the call took that crossed it, and what was in flight.
  expect(spent).toBeGreaterThanOrEqual(0.5)
  expect(spent).toBeLessThanOrEqual(0.5 + 2 * 0.365)
  const stop = (await troupe.events()).findLast(({ type }) => type === 'budget.stopped' )!
  expect(stop.data).toMatchObject({ rule: 'budget.daily_usd_limit (team-compose.yaml:1)', scope: 'team', limit: '0.50', inFlight: 1 })
  expect((await troupe.events()).filter(({ type }) => type === 'budget.warned').map(({ data }) => data['threshold'])).toEqual([80])
  expect(await troupe.row('team')).toMatchObject({ usd: spent.toFixed(2).padEnd(4, '0'), limit: '0.50', state: 'stop', stopped: 2, unpriced: 0 })
  const shown = await troupe.ok('budget')
  expect(shown).toMatch(/PROJECT +MSGS-24H +APPROVALS-24H +USD-24H +AGENTS +LIMIT +STATE\np +\d+ +0 +\$\d\.\d+ +2 +\$0\.50 \(global\) +stop, 2 agents stopped/)
  expect(shown).toContain('stopped by budget.daily_usd_limit (team-compose.yaml:1)')
  expect((await troupe.run('inspect', 'a')).stdout).toContain(' over it: budget.daily_usd_limit')

  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  await troupe.ok('send', 'b', 'Rest')
  await troupe.run('restart', 'b')
  expect([await troupe.stopped('a'), await troupe.stopped('b')]).toEqual([expect.stringContaining('of $0.50'), expect.stringContaining('of $0.50')])
  expect(await troupe.spent()).toBe(spent)
  expect((await troupe.mail()).filter(({ to, from }) => to === 'p:b' && from === 'user').map(({ state }) => state)).toEqual(['queued'])

  expect(await troupe.ok('budget', 'allow', 'team', '9.50')).toMatch(/^team may cost \$10\.00 on \d{4}-\d\d-\d\d\n$/)
  await troupe.settled(3)
  expect((await troupe.agent('a')).phase).not.toBe('parked')
  expect((await troupe.events()).find(({ type }) => type === 'budget.allowed')?.data).toMatchObject({ scope: 'team', usd: '9.50', by: 'user' })
  // The mail that it had not acknowledged is not lost, and what it cost before is not counted again.
  expect(await troupe.spent()).toBeGreaterThanOrEqual(spent)
}, 240_000)

it('a run has a limit of its own: a new run begins anew, a higher limit lets the old one go on; without limits that is said', async () => {
  const files = (budget: object) => team({ a: { budget: { run_usd_limit: 0.5 } }, b: {} }, { scenario, compose: { budget: { prices, ...budget } } })
  const troupe = new Spending(files({}))
  expect((await troupe.run('up')).stderr).toContain('there is no limit on what p:b may cost')
  expect((await troupe.run('budget')).stderr).toContain('There is no limit on what 1 agent may cost')
  await troupe.ok('send', 'a', 'Spend')
  expect(await troupe.stopped()).toMatch(/for one run: budget\.run_usd_limit \(projects\/p\.yaml:1\)/)
  expect((await troupe.agent('b')).phase).toBe('idle')
  const started = await troupe.run('start', 'a')
  expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('troupe restart p:a')])
  troupe.write({ 'projects/p.yaml': files({})['projects/p.yaml']!.replace('0.5', '100') })
  expect((await troupe.run('up')).code).toBe(0)
  await troupe.settled(2)
  expect((await troupe.events()).filter(({ type }) => type === 'budget.released')).toHaveLength(1)
}, 240_000)

it('who is about to end gets no more time for its turn once the limit is reached', async () => {
  const troupe = new Spending(team({ a: {} }, { scenario, compose: { budget: { daily_usd_limit: 0.5, prices }, supervisor: { drain_timeout_secs: 120 } } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'Spend')
  await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('busy'), patiently)
  const { stopped } = await troupe.json<{ stopped: { drain: string | null }[] }>('stop', 'a')
  expect(stopped.map(({ drain }) => drain)).toEqual(['cut short'])
  expect(await troupe.spent()).toBeLessThan(5.11)
}, 240_000)

it('tells the lead of an agent that is stopped, once, and says how it may go on', async () => {
  const project = {
    version: 2,
    project: { id: 'p', name: 'P', cwd: '.' },
    managers: { boss: { runtime: 'scripted', can_dm: ['a'] } },
    workers: { a: { runtime: 'scripted', reports_to: 'boss', budget: { daily_usd_limit: 0.5 } } },
  }
  const troupe = new Spending({ ...team({}, { scenario, compose: { budget: { prices } } }), 'projects/p.yaml': JSON.stringify(project) })
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'Spend')
  await troupe.stopped()
  await vi.waitFor(async () => expect((await troupe.mail()).filter(({ from, to }) => from === 'troupe' && to === 'p:boss').map(({ text }) => text)).toContainEqual(expect.stringMatching(/^p:a is stopped in the middle of its work: \$0\.73 of \$0\.50 is spent/)), patiently)
  expect((await troupe.ok('explain', 'agent', 'a'))).toContain('troupe budget allow p:a USD')
  expect((await troupe.agent('boss')).phase).not.toBe('parked')
}, 240_000)
