import type { Limit } from '../core/budget.ts'
import { TroupeError } from '../core/error.ts'
import { sumText, usdText, type Sum } from '../core/money.ts'
import { holdOf } from '../core/phase.ts'
import { quoted } from '../core/printable.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import { prices } from '../runtimes/prices.ts'
import { Breaking } from './breaking.ts'
import { Holding, type HoldingParts } from './holding.ts'
import type { Mailroom } from './mailroom.ts'
import { Spend, type SpendParts } from './spend.ts'

export interface Metering {
  spend: Spend
  holding: Holding
  breaking: Breaking
}

type MeteringParts = Omit<SpendParts, 'prices' | 'warned' | 'unpriced' | 'called'> & Omit<HoldingParts, 'verdict' | 'subagents'> & { mailroom(): Mailroom }

/** What counts the team's money, and what keeps agents within it. */
export function metering(parts: MeteringParts): Metering {
  /** The same key twice is one message, also where the sum in it has grown meanwhile. A mail to an agent that is stopped would only wait. */
  const mail = async (agent: Agent, text: string, key: string): Promise<void> => {
    for (const to of toldOf(parts.team(), agent)) {
      if (holdOf(parts.agents.get(to).phase) !== null) continue
      await parts.mailroom().post({ from: 'troupe', to, text, threadId: null, priority: 'low', key: `${key} ${to}` }).catch(unlessTold)
    }
  }
  const warned = async (limit: Limit, spent: Sum, agent: Agent): Promise<void> => {
    const text = `${nameOf(limit)} has spent ${sumText(spent)} of $${usdText(limit.nano)} (${limit.rule}). At the limit it is stopped in the middle of its turn: bring what matters to an end.`
    parts.show(agent.address, `${nameOf(limit)}: ${sumText(spent)} of $${usdText(limit.nano)} spent (${spend.day.name})`)
    await mail(agent, text, `budget ${limit.scope} ${limit.id} ${limit.period} ${spend.day.name} ${limit.nano}`)
  }
  const unpriced = async (model: string, limit: Limit, agent: Agent): Promise<void> => {
    const stops = parts.team().budget.unknownPrice === 'stop'
    const what = `The price of ${quoted(model)}, which ${agent.address} uses, is not known: its calls count against no limit (${limit.rule})`
    parts.show(agent.address, `the price of ${model} is not known: no limit counts its calls`)
    await mail(agent, `${what}. ${stops ? `${agent.address} is stopped until a person names the price` : 'It goes on; a person can name the price'} in budget.prices of team-compose.yaml and bring the team up again.`, `unpriced ${agent.address} ${model} ${spend.day.name}`)
  }
  const spend: Spend = new Spend({ ...parts, prices, warned, unpriced, called: (...of) => breaking.called(...of) })
  const holding = new Holding({ ...parts, verdict: (address) => spend.verdict(address), subagents: (address) => breaking.subagents(address) })
  const breaking: Breaking = new Breaking({ ...parts, holding })
  parts.agents.subscribe((after, before) => {
    if (holdOf(before.phase) !== null && holdOf(after.phase) === null) parts.show(after.address, null)
  })
  return { spend, holding, breaking }
}

/** Told before, by a daemon that died before it could write that down. */
function unlessTold(error: unknown): void {
  if (!(error instanceof TroupeError) || error.code !== 'conflict') throw error
}

function nameOf({ scope, id, period }: Limit): string {
  if (scope === 'team') return 'The team'
  return period === 'run' ? `This run of ${id}` : id
}

/** The one that spends, and to whom it reports. */
function toldOf(team: Team, agent: Agent): string[] {
  const lead = agent.reportsTo === null ? undefined : findAgent(team, agent.reportsTo)
  return lead === undefined ? [agent.address] : [agent.address, lead.address]
}
