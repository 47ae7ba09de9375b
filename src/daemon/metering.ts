import type { Limit } from '../core/budget.ts'
import { sumText, usdText, type Sum } from '../core/money.ts'
import { holdOf } from '../core/phase.ts'
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

type MeteringParts = Omit<SpendParts, 'prices' | 'warned' | 'called'> & Omit<HoldingParts, 'verdict' | 'subagents'> & { mailroom(): Mailroom }

/** What counts the team's money, and what keeps agents within it. */
export function metering(parts: MeteringParts): Metering {
  const warned = async (limit: Limit, spent: Sum, agent: Agent): Promise<void> => {
    const text = `${nameOf(limit)} has spent ${sumText(spent)} of $${usdText(limit.nano)} (${limit.rule}). At the limit it is stopped in the middle of its turn: bring what matters to an end.`
    parts.show(agent.address, `${nameOf(limit)}: ${sumText(spent)} of $${usdText(limit.nano)} spent (${spend.day.name})`)
    for (const to of toldOf(parts.team(), agent)) {
      // A mail to an agent that is stopped would only wait.
      if (holdOf(parts.agents.get(to).phase) !== null) continue
      await parts.mailroom().post({ from: 'troupe', to, text, threadId: null, priority: 'low', key: `budget ${limit.scope} ${limit.id} ${limit.period} ${spend.day.name} ${limit.nano} ${to}` })
    }
  }
  const spend: Spend = new Spend({ ...parts, prices, warned, called: (...of) => breaking.called(...of) })
  const holding = new Holding({ ...parts, verdict: (address) => spend.verdict(address), subagents: (address) => breaking.subagents(address) })
  const breaking: Breaking = new Breaking({ ...parts, holding })
  parts.agents.subscribe((after, before) => {
    if (holdOf(before.phase) !== null && holdOf(after.phase) === null) parts.show(after.address, null)
  })
  return { spend, holding, breaking }
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
