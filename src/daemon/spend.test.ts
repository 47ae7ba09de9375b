import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { noAgentBudget, noBudget } from '../core/limits.ts'
import { usdText } from '../core/money.ts'
import { newState } from '../core/plan.ts'
import type { Agent, BudgetSettings, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Agents } from './agents.ts'
import { Spend } from './spend.ts'

const at = (text: string): number => Date.parse(text)
const prices = [{ model: 'm', from: 0, input: 1, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, source: 'test' }]
/** So many dollars. */
const usage = (key: string, usd: number, time = now, model = 'm') => ({ key, at: time, model, tokens: { input: Math.round(usd * 1e6), output: 0, cacheRead: 0, cacheWrite: 0 } })

let folder: string
let store: Store
let now: number
let agents: Agents
let budget: BudgetSettings
let own: Agent['budget']
let warned: string[]
let reached: string[]
let counted: number
let unpriced: string[]
let failing: boolean
let rehearsal: string | null

const clock = { ...systemClock, now: () => now }
const team = (): Team => ({ budget, rehearsal, places: {}, projects: [{ id: 'p', agents: ['a', 'b'].map((id) => ({ address: `p:${id}`, id, project: 'p', budget: own })) }] }) as unknown as Team

/** What one daemon has; a second one stands for the next, after kill -9. */
async function daemon(): Promise<Spend> {
  const spend = new Spend({
    ...{ store, clock, agents, prices, team, chainOf: () => Promise.resolve('c1') },
    called: () => Promise.resolve(void (counted += 1)),
    warned: (limit) => (failing ? Promise.reject(new Error('no mail')) : Promise.resolve(void warned.push(`${limit.scope} ${limit.id}`))),
    unpriced: (model, _limit, agent) => Promise.resolve(void unpriced.push(`${model} ${agent.address}`)),
    report: (what, error) => {
      if (!failing) throw new Error(what, { cause: error })
    },
  })
  spend.subscribe((agent) => void reached.push(agent))
  await spend.load()
  return spend
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spend-'))
  now = at('2026-03-28T10:00:00Z')
  ;[budget, own, warned, reached, counted, unpriced, failing, rehearsal] = [{ ...noBudget, dailyUsdLimit: 10 }, noAgentBudget, [], [], 0, [], false, null]
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  agents = new Agents(store, clock)
  for (const id of ['a', 'b']) await agents.update(`p:${id}`, () => ({ ...newState(`p:${id}`, 0), wanted: 'running', phase: { name: 'idle' }, incarnation: `run-${id}` }))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what is spent', () => {
  it('T25: counts each call once: read twice, told as a total that grows, or told to the next daemon again', async () => {
    const first = await daemon()
    await Promise.all([first.record('p:a', 'run-a', usage('1', 1)), first.record('p:a', 'run-a', usage('1', 1)), first.record('p:a', 'run-a', usage('2', 1))])
    await first.record('p:a', 'run-a', usage('2', 3))
    expect([usdText(first.spent('team', 'team').nano), counted]).toEqual(['4.00', 2])
    const next = await daemon()
    await next.record('p:a', 'run-a', usage('2', 3))
    await next.record('p:b', 'run-b', usage('1', 0.5))
    expect([next.spent('team', 'team'), next.spent('project', 'p'), next.spent('agent', 'p:a'), next.spent('agent', 'p:b')].map(({ nano }) => usdText(nano))).toEqual(['4.50', '4.50', '4.00', '0.50'])
  })

  it('is never less than nothing, whatever a record says, nor counted on a day that is to come', async () => {
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 4))
    const strange = (key: string, tokens: object, time = now) => ({ ...usage(key, 0, time), tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, ...tokens } })
    for (const [key, tokens] of Object.entries({ less: { input: -3e6 }, part: { input: 0.5 }, none: { input: NaN }, long: { cacheWrite: 1, cacheWriteLong: 5e6 } })) await spend.record('p:a', 'run-a', strange(key, tokens))
    await spend.record('p:a', 'run-a', usage('late', 1, now + 40 * 86_400_000))
    await spend.record('p:a', 'run-a', usage('when', 1, NaN))
    expect(usdText(spend.spent('team', 'team').nano)).toBe('6.000001')
    now += 86_400_000
    expect((await daemon()).spent('team', 'team').nano).toBe(0)
  })

  it('T25: of an unknown price is no number; named in the files, it is one', async () => {
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 1, now, 'new-model'))
    expect([spend.spent('team', 'team'), spend.verdict('p:a').state]).toEqual([{ nano: 0, unpriced: 1 }, 'ok'])
    budget = { ...budget, prices: { 'new-': { input: 20, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0 } } }
    await spend.load()
    expect([usdText(spend.spent('team', 'team').nano), spend.verdict('p:a').state]).toEqual(['20.00', 'stop'])
    expect((await store.read((db) => db.usage.totals()))[0]).toMatchObject({ cost: 20_000_000_000, unpriced: 0 })
  })

  it('of an unknown price is said once for each model and day where a limit binds, also by the next daemon, and not where none does', async () => {
    const first = await daemon()
    for (const [key, model] of [['1', 'new'], ['2', 'new'], ['3', 'newer'], ['4', 'm']] as const) await first.record('p:a', 'run-a', usage(key, 1, now, model))
    await (await daemon()).record('p:b', 'run-b', usage('1', 1, now, 'new'))
    expect(unpriced).toEqual(['new p:a', 'newer p:a'])
    const lines = await store.read((db) => db.events.recent({ type: 'budget.unpriced', limit: 9 }))
    expect(lines.map(({ data }) => [data['model'], data['rule'], data['day']]).toSorted()).toEqual([['new', 'budget.daily_usd_limit', '2026-03-28'], ['newer', 'budget.daily_usd_limit', '2026-03-28']])
    now += 24 * 3_600_000
    await first.record('p:a', 'run-a', usage('5', 1, now, 'new'))
    expect(unpriced).toHaveLength(3)
    budget = noBudget
    await first.record('p:a', 'run-a', usage('6', 1, now, 'newest'))
    expect(unpriced).toHaveLength(3)
  })

  it('of an unknown price is no news in a rehearsal, where nothing is paid, unless somebody is stopped by it', async () => {
    rehearsal = 'hello'
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 1, now, 'scripted-1'))
    expect([unpriced, await store.read((db) => db.events.recent({ type: 'budget.unpriced', limit: 9 }))]).toEqual([[], []])
    budget = { ...budget, unknownPrice: 'stop' }
    await spend.record('p:a', 'run-a', usage('2', 1, now, 'scripted-1'))
    expect(unpriced).toEqual(['scripted-1 p:a'])
  })

  it('of an unknown price stops an agent under a limit where the team says so, until the price is named', async () => {
    budget = { ...budget, unknownPrice: 'stop' }
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 1, now - 24 * 3_600_000, 'new'))
    expect(spend.verdict('p:a').state).toBe('ok')
    own = { dailyUsdLimit: null, runUsdLimit: 5 }
    await spend.record('p:a', 'run-a', usage('2', 1, now, 'new'))
    expect([reached, spend.verdict('p:a').state]).toEqual([['p:a'], 'stop'])
    budget = { ...budget, prices: { new: { input: 1, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0 } } }
    await spend.load()
    // The call of yesterday too: the run has it.
    expect([spend.verdict('p:a').state, usdText(spend.spentOn({ scope: 'agent', id: 'p:a', period: 'run', nano: 0, rule: '' }).nano)]).toEqual(['ok', '2.00'])
  })

  it('belongs to the chain of the message that the agent was told last', async () => {
    await (await daemon()).record('p:a', 'run-a', usage('1', 1))
    expect(await store.read((db) => db.usage.totals({ chain: 'c1' }))).toHaveLength(1)
  })
})

describe('a ceiling', () => {
  it('is reached by all together, told when it is, and holds for every agent and the next daemon', async () => {
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 6))
    expect([reached, spend.verdict('p:b').state]).toEqual([[], 'ok'])
    await spend.record('p:b', 'run-b', usage('1', 5))
    expect(reached).toEqual(['p:b'])
    for (const each of [spend, await daemon()]) expect(each.verdict('p:a')).toMatchObject({ state: 'stop', until: at('2026-03-29T00:00:00Z'), spent: { nano: 11_000_000_000 } })
  })

  it('is told of near it once, also by the next daemon', async () => {
    const first = await daemon()
    await first.record('p:a', 'run-a', usage('1', 8))
    await first.record('p:a', 'run-a', usage('2', 0.1))
    await (await daemon()).record('p:a', 'run-a', usage('3', 0.1))
    expect(warned).toEqual(['team team'])
    expect(await store.read((db) => db.events.recent({ type: 'budget.warned', limit: 9 }))).toHaveLength(1)
    budget = { ...budget, dailyUsdLimit: 10.2 }
    await first.record('p:a', 'run-a', usage('4', 0.1))
    expect(warned).toHaveLength(2)
  })

  it('stops also where nobody can be told that it is near', async () => {
    const spend = await daemon()
    failing = true
    await spend.record('p:a', 'run-a', usage('1', 8))
    await spend.record('p:a', 'run-a', usage('2', 3))
    expect([reached, counted]).toEqual([['p:a'], 2])
  })

  it('ends with the day of its time zone, also where the clock is changed that night', async () => {
    budget = { ...budget, timezone: 'Europe/Berlin' }
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 11))
    // The clock goes from two to three in the night to the 29th.
    expect(spend.verdict('p:a')).toMatchObject({ state: 'stop', until: at('2026-03-28T23:00:00Z') })
    now = at('2026-03-28T22:59:59.999Z')
    expect(spend.verdict('p:a').state).toBe('stop')
    now = at('2026-03-28T23:00:00Z')
    expect(spend.verdict('p:a').state).toBe('ok')
    await spend.record('p:a', 'run-a', usage('2', 11))
    expect(spend.verdict('p:a')).toMatchObject({ state: 'stop', until: at('2026-03-29T22:00:00Z'), spent: { nano: 11_000_000_000 } })
    // T29: set back by an hour, it is the day before again, and that day's money is spent.
    now = at('2026-03-28T22:30:00Z')
    await spend.load()
    expect(spend.verdict('p:a')).toMatchObject({ state: 'stop', until: at('2026-03-28T23:00:00Z') })
  })

  it('counts what a clock that is ahead calls tomorrow', async () => {
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 11, now + 24 * 3_600_000))
    expect(spend.verdict('p:a').state).toBe('stop')
  })

  it('of a run goes with the run, and stays with an agent that it stopped', async () => {
    own = { dailyUsdLimit: null, runUsdLimit: 2 }
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 2))
    expect([spend.verdict('p:a').state, spend.verdict('p:b').state]).toEqual(['stop', 'ok'])
    const hold = { by: 'budget', rule: 'r', run: 'run-a' } as const
    await agents.update('p:a', (state) => ({ ...state, incarnation: null, phase: { name: 'parked', until: null, why: 'w', hold } }))
    for (const each of [spend, await daemon()]) expect(each.verdict('p:a')).toMatchObject({ state: 'stop', until: null })
    await agents.update('p:a', (state) => ({ ...state, incarnation: 'run-2', phase: { name: 'idle' } }))
    expect(spend.verdict('p:a').state).toBe('ok')
  })

  it('is raised for today by a person, on record, and for today only', async () => {
    const spend = await daemon()
    await spend.record('p:a', 'run-a', usage('1', 11))
    await spend.allow({ scope: 'team', id: 'team', nano: 5_000_000_000 }, 'user')
    for (const each of [spend, await daemon()]) expect(each.verdict('p:a').state).toBe('ok')
    expect((await store.read((db) => db.events.recent({ type: 'budget.allowed', limit: 9 }))).map(({ data }) => data)).toEqual([{ scope: 'team', id: 'team', usd: '5.00', day: '2026-03-28', by: 'user' }])
    now = at('2026-03-29T10:00:00Z')
    await spend.record('p:a', 'run-a', usage('2', 11))
    expect(spend.verdict('p:a').state).toBe('stop')
  })

  it('is raised by each of two who do so at once', async () => {
    const spend = await daemon()
    await Promise.all([1, 2].map(async () => await spend.allow({ scope: 'team', id: 'team', nano: 1_000_000_000 }, 'user')))
    for (const each of [spend, await daemon()]) expect(usdText(each.limits(team().projects[0]!.agents[0]!)[0]!.nano)).toBe('12.00')
  })
})
