import { nanoOf, type Nano, type Sum } from './money.ts'
import type { Agent, BudgetSettings, Team } from './team.ts'

/** One ceiling: how much whom may cost, and for how long that is counted. */
export interface Limit {
  scope: 'team' | 'project' | 'agent'
  /** `team`, a project's id, or an agent's address. */
  id: string
  /** `run`: one incarnation of one agent. */
  period: 'day' | 'run'
  nano: Nano
  /** The key that sets it, with its file and line: `budget.daily_usd_limit (team-compose.yaml:7)`. */
  rule: string
}

/** The words of a refusal at a ceiling: told to a CLI as its provider would, and known again in what the CLI then says. */
export const noCallPasses = 'no model call passes'

/** For what is left of a day a person allowed this much more. */
export interface Allowance {
  scope: Limit['scope']
  id: string
  nano: Nano
  /** `2026-11-21` */
  day: string
}

/** What follows from what was spent. `until`: when it ends by itself, ms; null: not before a person raises the limit. */
export type Verdict =
  | { state: 'ok' }
  | { state: 'warn'; limit: Limit; spent: Sum }
  | { state: 'stop'; limit: Limit; spent: Sum; until: number | null }

export type Stop = Extract<Verdict, { state: 'stop' }>

/** What a team's files say of how ceilings are judged. */
export type Judging = Pick<BudgetSettings, 'warnThresholdPct' | 'unknownPrice'>

type Bound = Pick<Agent, 'address' | 'project' | 'budget'>

/** Every ceiling that this agent's calls count against. */
export function limitsOf({ budget, places }: Pick<Team, 'budget' | 'places'>, { address, project, budget: own }: Bound): Limit[] {
  const ceiling = (scope: Limit['scope'], id: string, period: Limit['period'], usd: number | null, key: string, place = key): Limit[] =>
    usd === null ? [] : [{ scope, id, period, nano: nanoOf(usd), rule: places[place] === undefined ? key : `${key} (${places[place]})` }]
  const ownRun = own.runUsdLimit === null ? undefined : `${address} budget.run_usd_limit`
  return [
    ...ceiling('agent', address, 'run', own.runUsdLimit ?? budget.runUsdLimit, 'budget.run_usd_limit', ownRun),
    ...ceiling('agent', address, 'day', own.dailyUsdLimit, 'budget.daily_usd_limit', `${address} budget.daily_usd_limit`),
    ...ceiling('project', project, 'day', budget.perProjectUsdLimit[project] ?? null, `budget.per_project_usd_limit.${project}`),
    ...ceiling('team', 'team', 'day', budget.dailyUsdLimit, 'budget.daily_usd_limit'),
  ]
}

/** With what was allowed on top for this day. A run's limit is raised in the files only. */
export function raised(limit: Limit, allowances: readonly Allowance[], day: string): Limit {
  if (limit.period === 'run') return limit
  const more = allowances.filter((each) => each.scope === limit.scope && each.id === limit.id && each.day === day)
  return more.length === 0 ? limit : { ...limit, nano: more.reduce((sum, { nano }) => sum + nano, limit.nano) }
}

/**
 * The worst of all ceilings: one that only a person lifts, then one that lasts until the next day, then a warning. Where the
 * team wants that, a ceiling is reached too by what nobody can count against it: `isBlind` tells that stop from the others.
 */
export function judge(limits: readonly Limit[], spentOn: (limit: Limit) => Sum, settings: Judging, dayEnd: number): Verdict {
  const { warnThresholdPct: warnPct, unknownPrice } = settings
  const found = limits.map((limit) => ({ limit, spent: spentOn(limit) }))
  const reached = found.filter(({ limit, spent }) => spent.nano >= limit.nano)
  const over = reached.length > 0 || unknownPrice === 'warn' ? reached : found.filter(({ spent }) => spent.unpriced > 0)
  const worst = over.find(({ limit }) => limit.period === 'run') ?? over[0]
  if (worst !== undefined) return { state: 'stop', ...worst, until: worst.limit.period === 'run' ? null : dayEnd }
  const near = warnPct === null ? undefined : found.find(({ limit, spent }) => isNear(limit, spent, warnPct))
  return near === undefined ? { state: 'ok' } : { state: 'warn', ...near }
}

export function isNear(limit: Limit, spent: Sum, warnPct: number): boolean {
  return spent.nano * 100 >= limit.nano * warnPct
}

/** Of a stop: not for what was spent, but for calls whose price nobody knows. */
export function isBlind({ limit, spent }: Pick<Stop, 'limit' | 'spent'>): boolean {
  return spent.nano < limit.nano
}

/** `budget.unknown_price`, with its file and line. */
export function unknownPriceRule({ places }: Pick<Team, 'places'>): string {
  const place = places['budget.unknown_price']
  return place === undefined ? 'budget.unknown_price' : `budget.unknown_price (${place})`
}

/** Said aloud where a ceiling binds an agent whose declared model has no price: it would hold for nothing. null: there is none. */
export function unpriced(team: Pick<Team, 'budget' | 'places' | 'projects'>, isPriced: (model: string) => boolean): string | null {
  const agents = team.projects.flatMap((project) => project.agents)
  const found = agents.filter((agent) => agent.model !== null && !isPriced(agent.model) && limitsOf(team, agent).length > 0)
  if (found.length === 0) return null
  const models = [...new Set(found.map(({ model }) => model))]
  const named = found.slice(0, 3).map(({ address }) => address)
  const whom = `${named.join(', ')}${found.length > named.length ? ` and ${found.length - named.length} more` : ''}`
  const follows = team.budget.unknownPrice === 'stop' ? 'the first call stops them' : 'no limit holds for what it costs'
  return `the price of ${models.slice(0, 3).join(', ')}${models.length > 3 ? ' and others' : ''} is not known (${whom}): ${follows}`
}

/** Said aloud where some agent has no ceiling at all; null where each has one. */
export function unlimited(team: Pick<Team, 'budget' | 'places' | 'projects'>): string | null {
  const agents = team.projects.flatMap((project) => project.agents)
  const free = agents.filter((agent) => limitsOf(team, agent).length === 0)
  if (free.length === 0) return null
  if (free.length === agents.length) return 'there is no limit on what this team may cost'
  const named = free.slice(0, 3).map(({ address }) => address)
  return `there is no limit on what ${named.join(', ')}${free.length > named.length ? ` and ${free.length - named.length} more` : ''} may cost`
}
