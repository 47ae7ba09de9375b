import { isTimezone } from '../../core/day.ts'
import { noBudget } from '../../core/limits.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { OwnPrices } from '../../core/prices.ts'
import type { AgentBudget, BudgetSettings, Project } from '../../core/team.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import type { RawCompose } from '../schema/compose.ts'
import { printable } from './names.ts'

const hourMs = 3_600_000
/** More is a mistake, and less than a billionth cannot be counted. US dollars */
const mostUsd = 1_000_000

/** `projects`: null while some project could not be read. */
export function resolveBudget(raw: RawCompose['budget'], projects: readonly Project[] | null, place: Place): BudgetSettings {
  for (const id of Object.keys(raw.per_project_usd_limit)) warnOfProject(id, projects, place.at('per_project_usd_limit', id))
  if (!isTimezone(raw.timezone)) place.at('timezone').error(`\`${printable(raw.timezone)}\` is no time zone`, 'write an IANA name, such as Europe/Berlin or UTC')
  return {
    dailyUsdLimit: limit(raw.daily_usd_limit, place.at('daily_usd_limit')),
    runUsdLimit: limit(raw.run_usd_limit, place.at('run_usd_limit')),
    warnThresholdPct: raw.warn_threshold_pct ?? noBudget.warnThresholdPct,
    messageTtlMs: raw.message_ttl_hours * hourMs,
    perProjectUsdLimit: Object.fromEntries(Object.entries(raw.per_project_usd_limit).map(([id, usd]) => [id, limit(usd, place.at('per_project_usd_limit', id)) ?? 0])),
    timezone: raw.timezone,
    prices: prices(raw.prices, place.at('prices')),
    unknownPrice: raw.unknown_price,
  }
}

export function resolveAgentBudget(raw: RawAgent['budget'], place: Place): AgentBudget {
  return {
    dailyUsdLimit: limit(raw.daily_usd_limit, place.at('daily_usd_limit')),
    runUsdLimit: limit(raw.run_usd_limit, place.at('run_usd_limit')),
  }
}

/** Some read a limit of 0 as "nothing", some as "no limit": neither is taken for granted. */
function limit(usd: number | null, place: Place): number | null {
  if (usd === 0) place.error('a limit of 0 would stop every agent before its first word', 'leave the key out for no limit; to stop agents: troupe stop')
  if (usd !== null && usd > mostUsd) place.error(`a limit of more than ${mostUsd} US dollars limits nothing`, 'leave the key out for no limit')
  return usd
}

export function warnOfProject(id: string, projects: readonly Project[] | null, place: Place): void {
  const ids = projects?.map((project) => project.id)
  if (ids !== undefined && !ids.includes(id)) place.warningAtKey(`there is no project \`${printable(id)}\``, didYouMean(id, ids, 'projects'))
}

function prices(raw: RawCompose['budget']['prices'], place: Place): OwnPrices {
  return Object.fromEntries(
    Object.entries(raw).map(([model, { input, output, cache_read, cache_write, cache_write_1h }]) => {
      if (model.trim() === '') place.at(model).errorAtKey('the model’s name is blank', 'write its id, or what ids begin with')
      const cacheWrite = cache_write ?? input
      return [model, { input, output, cacheRead: cache_read ?? input, cacheWrite, cacheWriteLong: cache_write_1h ?? cacheWrite }]
    }),
  )
}

/** The lines of the limits, for whoever is stopped by one; `placeOf`: where an agent is declared. */
export function limitPlaces(root: string, projects: readonly Project[], compose: Place, placeOf: (project: string, agent: string) => Place): Record<string, string> {
  const ids = projects.map(({ id }) => id)
  const lines = (place: Place, keys: string[][], prefix: string): [string, string][] =>
    keys.flatMap((key) => {
      const line = place.at(...key).line(root)
      return line === null ? [] : [[`${prefix}${key.join('.')}`, line]]
    })
  const own = [['budget', 'daily_usd_limit'], ['budget', 'run_usd_limit']]
  const unknown = ['budget', 'unknown_price']
  const breakers = ['calls_per_minute', 'calls_without_work', 'subagents_at_once', 'subagents_per_run', 'nested_subagents']
  return Object.fromEntries([
    ...lines(compose, [...own, unknown, ...ids.map((id) => ['budget', 'per_project_usd_limit', id]), ...breakers.map((key) => ['breakers', key])], ''),
    ...projects.flatMap(({ id, agents }) => agents.flatMap((agent) => lines(placeOf(id, agent.id), own, `${agent.address} `))),
  ])
}
