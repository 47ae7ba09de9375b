import { resolveAgent } from '../../core/address.ts'
import { judge, type Limit } from '../../core/budget.ts'
import { dayNamed } from '../../core/day.ts'
import { TroupeError } from '../../core/error.ts'
import { parseUsd, usdText, type Sum } from '../../core/money.ts'
import { didYouMean } from '../../core/nearest.ts'
import { holdOf } from '../../core/phase.ts'
import { findAgent, type Agent, type Project } from '../../core/team.ts'
import type { BudgetRow, Output, UsageRow } from '../../api/index.ts'
import type { UsageFilter } from '../../store/store.ts'
import type { Caller, Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** What agents cost, what they may, and what follows. */
export function budgets(parts: Parts): Pick<Handlers, 'usage' | 'budget' | 'budget.allow' | 'budget_left'> {
  return {
    usage: async ({ agent, by, day, ...filter }) => {
      const times = day === undefined ? {} : timesOf(day, parts.team().budget.timezone)
      return await usageRows(parts, { ...filter, ...times, agent: agent === undefined ? undefined : resolveAgent(parts.team(), agent).address }, by)
    },
    budget: async ({ project }) => await overview(parts, project === undefined ? parts.team().projects : [projectOf(parts, project)], project === undefined),
    'budget.allow': async ({ scope, id, usd }) => {
      const nano = parseUsd(usd)
      if (nano === null) throw new TroupeError('usage', `"${usd}" is no sum of dollars above zero`, { hint: 'write 2.50' })
      const whom = scope === 'team' ? 'team' : scope === 'agent' ? resolveAgent(parts.team(), id).address : projectOf(parts, id).id
      const limit = dayLimit(parts, scope, whom)
      if (limit === undefined) throw new TroupeError('usage', `${whom} has no limit for a day`, { hint: 'nothing stops it: nothing needs to be allowed' })
      await parts.spend.allow({ scope, id: whom, nano }, 'user')
      parts.reconciler.wake()
      return { scope, id: whom, limit: usdText(dayLimit(parts, scope, whom)?.nano ?? limit.nano), day: parts.spend.day.name }
    },
    budget_left: (_input, { caller }) => Promise.resolve(left(parts, caller)),
  }
}

function timesOf(name: string, timezone: string): { since: number; until: number } {
  const day = dayNamed(name, timezone)
  if (day === null) throw new TroupeError('usage', `"${name}" is no day`, { hint: 'write 2026-11-21' })
  return { since: day.start, until: day.end }
}

export async function usageRows(parts: Parts, filter: UsageFilter, by?: 'chain'): Promise<UsageRow[]> {
  const totals = await parts.store.read((db) => db.usage.totals(filter, by))
  return totals.map(({ agent, model, tokens, calls, cost, unpriced, chain }) => {
    // An unknown price is never shown as nothing.
    const usd = calls === unpriced ? null : usdText(cost)
    return { agent, model, tokens, usd, calls, unpriced, ...(chain === null ? {} : { chain }) }
  })
}

/** One agent's ceilings, for `inspect`. */
export function ceilings(parts: Parts, agent: Agent): Record<string, unknown>[] {
  return parts.spend.limits(agent).map((limit) => {
    const spent = parts.spend.spentOn(limit)
    return { rule: limit.rule, scope: limit.scope, period: limit.period, limit: usdText(limit.nano), spent: usdText(spent.nano), over: usdText(Math.max(0, spent.nano - limit.nano)), unpriced: spent.unpriced }
  })
}

async function overview(parts: Parts, projects: Project[], whole: boolean): Promise<Output<'budget'>> {
  const { spend, store } = parts
  const since = spend.day.start
  const counts = await store.read(async (db) => ({ messages: await db.messages.counts(since), approvals: await db.approvals.counts(since) }))
  const count = (of: Record<string, number>, ids: string[]): number => ids.reduce((sum, id) => sum + (of[id] ?? 0), 0)
  const row = (scope: Limit['scope'], id: string, ids: string[], agents: Agent[]): BudgetRow => {
    const limit = dayLimit(parts, scope, id)
    const stopped = agents.filter(({ address }) => holdOf(parts.agents.get(address).phase) !== null).length
    const spent = spend.spent(scope, id)
    return { scope, id, ...figures(spent, limit), messages: count(counts.messages, ids), approvals: count(counts.approvals, ids), agents: agents.length, state: stateOf(parts, limit, spent), stopped, unlimited: agents.filter((agent) => spend.limits(agent).length === 0).length, until: spend.day.end }
  }
  const all = projects.flatMap(({ agents }) => agents)
  return [
    ...(whole ? [row('team', 'team', projects.map(({ id }) => id), all)] : []),
    ...projects.map(({ id, agents }) => row('project', id, [id], agents)),
    ...all.flatMap((agent) => agentRows(parts, agent)),
  ]
}

/** Of an agent that has a ceiling of its own, or a run's. */
function agentRows(parts: Parts, agent: Agent): BudgetRow[] {
  const own = parts.spend.limits(agent).filter(({ scope }) => scope === 'agent')
  return own.map((limit) => {
    const spent = parts.spend.spentOn(limit)
    const stopped = holdOf(parts.agents.get(agent.address).phase) === null ? 0 : 1
    return { scope: 'agent', id: agent.address, period: limit.period, ...figures(spent, limit), messages: 0, approvals: 0, agents: 1, state: stateOf(parts, limit, spent), stopped, unlimited: 0, until: parts.spend.day.end }
  })
}

function figures(spent: Sum, limit: Limit | undefined) {
  return {
    usd: usdText(spent.nano),
    unpriced: spent.unpriced,
    limit: limit === undefined ? null : usdText(limit.nano),
    over: limit === undefined ? null : usdText(Math.max(0, spent.nano - limit.nano)),
    rule: limit?.rule ?? null,
  }
}

function stateOf(parts: Parts, limit: Limit | undefined, spent: Sum): BudgetRow['state'] {
  return limit === undefined ? 'no limit' : judge([limit], () => spent, parts.team().budget, parts.spend.day.end).state
}

/** With what was allowed for today. */
function dayLimit(parts: Parts, scope: Limit['scope'], id: string): Limit | undefined {
  const agents = parts.team().projects.flatMap((project) => project.agents)
  const one = agents.find(({ address, project }) => scope === 'team' || id === (scope === 'project' ? project : address))
  return one === undefined ? undefined : parts.spend.limits(one).find((limit) => limit.scope === scope && limit.period === 'day')
}

function projectOf(parts: Parts, id: string): Project {
  const { projects } = parts.team()
  const found = projects.find((project) => project.id === id)
  if (found !== undefined) return found
  throw new TroupeError('unknown', `there is no project "${id}"`, { hint: didYouMean(id, projects.map((project) => project.id), 'projects'), facts: { id } })
}

/** What the calling agent may still cost; null where nothing limits it. */
function left(parts: Parts, caller: Caller): Output<'budget_left'> {
  const agent = caller.kind === 'agent' ? findAgent(parts.team(), caller.address) : undefined
  if (agent === undefined) throw new TroupeError('denied', 'only an agent of the team has a budget of its own', { hint: 'troupe budget' })
  const limits = parts.spend.limits(agent).map((limit) => ({ limit, spent: parts.spend.spentOn(limit) }))
  const rows = limits.map(({ limit, spent }) => ({ scope: limit.scope, period: limit.period, limit: usdText(limit.nano), spent: usdText(spent.nano), left: usdText(Math.max(0, limit.nano - spent.nano)) }))
  return { spent_today: usdText(parts.spend.spent('agent', agent.address).nano), limits: rows }
}
