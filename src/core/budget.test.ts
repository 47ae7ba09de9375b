import { describe, expect, it } from 'vitest'
import { isBlind, judge, limitsOf, raised, unlimited, unpriced, type Limit } from './budget.ts'
import { noAgentBudget, noBudget } from './limits.ts'
import { nanoOf, noSum, parseUsd, plus, sumText, usdText } from './money.ts'
import type { Agent, BudgetSettings, Team } from './team.ts'

const agent = (budget: Partial<Agent['budget']> = {}, address = 'p:a'): Agent => ({ address, project: 'p', budget: { ...noAgentBudget, ...budget } }) as Agent
const budget: BudgetSettings = { ...noBudget, dailyUsdLimit: 10, perProjectUsdLimit: { p: 4, q: 1 } }
const places = { 'budget.daily_usd_limit': 'team-compose.yaml:7', 'p:a budget.run_usd_limit': 'projects/p.yaml:9' }
const spentAll = (usd: number) => () => ({ nano: nanoOf(usd), unpriced: 0 })

describe('money', () => {
  it('is exact: a sum of many small prices is what it is on paper', () => {
    const cents = Array.from({ length: 1000 }, () => ({ nano: nanoOf(0.1), unpriced: 0 })).reduce(plus, noSum)
    expect(usdText(cents.nano)).toBe('100.00')
    expect([5.11, 0.5, 0.000125, 0.000000001, 12, 0].map((usd) => usdText(nanoOf(usd)))).toEqual(['5.11', '0.50', '0.000125', '0.000000001', '12.00', '0.00'])
    expect(usdText(-nanoOf(1.5))).toBe('-1.50')
  })

  it('says what it does not know', () => {
    expect(sumText({ nano: nanoOf(2), unpriced: 3 })).toBe('$2.00 and 3 calls of unknown price')
  })

  it('takes dollars as people write them, and nothing else', () => {
    expect(['2.5', '$3', '0.000000001'].map(parseUsd)).toEqual([2_500_000_000, 3_000_000_000, 1])
    expect(['0', '-1', '1e3', '', '1,5', '1.0000000001', '9999999'].map(parseUsd)).toEqual([null, null, null, null, null, null, null])
  })
})

describe('limits', () => {
  it('are all that an agent’s calls count against, each with the key and the line that set it', () => {
    expect(limitsOf({ budget, places }, agent({ dailyUsdLimit: 2, runUsdLimit: 1 }))).toEqual([
      { scope: 'agent', id: 'p:a', period: 'run', nano: nanoOf(1), rule: 'budget.run_usd_limit (projects/p.yaml:9)' },
      { scope: 'agent', id: 'p:a', period: 'day', nano: nanoOf(2), rule: 'budget.daily_usd_limit' },
      { scope: 'project', id: 'p', period: 'day', nano: nanoOf(4), rule: 'budget.per_project_usd_limit.p' },
      { scope: 'team', id: 'team', period: 'day', nano: nanoOf(10), rule: 'budget.daily_usd_limit (team-compose.yaml:7)' },
    ])
  })

  it('of a run are the agent’s own, else the team’s', () => {
    const runs = (own: number | null) => limitsOf({ budget: { ...noBudget, runUsdLimit: 3 }, places }, agent({ runUsdLimit: own })).map(({ nano }) => usdText(nano))
    expect([runs(null), runs(0.5)]).toEqual([['3.00'], ['0.50']])
  })

  it('T21: none is said aloud, for the team or for whom nothing limits', () => {
    const team = (settings: BudgetSettings, ...agents: Agent[]) => unlimited({ budget: settings, places, projects: [{ agents }] } as unknown as Team)
    expect(team(noBudget, agent())).toBe('there is no limit on what this team may cost')
    expect(team(budget, agent())).toBeNull()
    expect(team({ ...noBudget, warnThresholdPct: 80 }, agent({ dailyUsdLimit: 1 }), agent({}, 'p:b'))).toBe('there is no limit on what p:b may cost')
  })

  it('that cannot see what a declared model costs are said aloud; a model that nothing limits is not', () => {
    const of = (settings: BudgetSettings, ...models: (string | null)[]) =>
      unpriced({ budget: settings, places, projects: [{ agents: models.map((model, at) => ({ ...agent({}, `p:${at}`), model })) }] } as unknown as Team, (model) => model === 'known')
    expect([of(budget, 'known', null), of(noBudget, 'new')]).toEqual([null, null])
    expect(of(budget, 'new', 'new', 'known')).toBe('the price of new is not known (p:0, p:1): no limit holds for what it costs')
    expect(of({ ...budget, unknownPrice: 'stop' }, 'new')).toBe('the price of new is not known (p:0): the first call stops them')
  })

  it('are raised for one day, where a person allowed it, and for no run', () => {
    const day: Limit = { scope: 'project', id: 'p', period: 'day', nano: nanoOf(4), rule: 'r' }
    const more = { scope: 'project', id: 'p', nano: nanoOf(2), day: '2026-11-21' } as const
    expect(raised(day, [more, more], '2026-11-21').nano).toBe(nanoOf(8))
    expect(raised(day, [more], '2026-11-22')).toBe(day)
    expect(raised({ ...day, period: 'run' }, [more], '2026-11-21').nano).toBe(nanoOf(4))
  })
})

describe('a verdict', () => {
  const day: Limit = { scope: 'team', id: 'team', period: 'day', nano: nanoOf(10), rule: 'day' }
  const run: Limit = { scope: 'agent', id: 'p:a', period: 'run', nano: nanoOf(5), rule: 'run' }

  it('is ok, a warning from the threshold on, a stop at the ceiling until the day ends', () => {
    const at = (usd: number) => judge([day], spentAll(usd), noBudget, 99)
    expect(at(7.99)).toEqual({ state: 'ok' })
    expect(at(8)).toMatchObject({ state: 'warn', limit: day })
    expect(at(9.999999999)).toMatchObject({ state: 'warn' })
    expect(at(10)).toMatchObject({ state: 'stop', limit: day, until: 99 })
  })

  it('names the ceiling that only a person lifts before one that lifts itself', () => {
    expect(judge([day, run], spentAll(20), noBudget, 99)).toMatchObject({ state: 'stop', limit: run, until: null })
  })

  it('is a stop for a call of unknown price only where the team says so, and only under a ceiling', () => {
    const blind = () => ({ nano: nanoOf(1), unpriced: 1 })
    expect(judge([day], blind, noBudget, 99)).toEqual({ state: 'ok' })
    const stop = judge([day, run], blind, { ...noBudget, unknownPrice: 'stop' }, 99)
    expect(stop).toMatchObject({ state: 'stop', limit: run, until: null })
    expect(stop.state === 'stop' && isBlind(stop)).toBe(true)
    expect(judge([], blind, { ...noBudget, unknownPrice: 'stop' }, 99)).toEqual({ state: 'ok' })
    // Money that is known comes first: it is what a person can count.
    const both = judge([run, day], (limit) => ({ nano: nanoOf(limit === day ? 10 : 1), unpriced: 1 }), { ...noBudget, unknownPrice: 'stop' }, 99)
    expect([both.state === 'stop' && isBlind(both), both]).toMatchObject([false, { limit: day }])
  })

  it('does not warn where nobody wants that, and limits nothing without limits', () => {
    expect(judge([day], spentAll(9), { ...noBudget, warnThresholdPct: null }, 99)).toEqual({ state: 'ok' })
    expect(judge([], spentAll(1e6), noBudget, 99)).toEqual({ state: 'ok' })
  })
})
