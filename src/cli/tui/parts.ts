import type { BudgetRow, UsageRow } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import { chosenAgent } from './chosen.ts'
import { allParts, type Event, type Part, type Spent, type State } from './state.ts'

type Loaded = Omit<Extract<Event, { on: 'loaded' }>, 'on'>

/** As much mail as a page wants. */
const mostMail = 200
const dayMs = 86_400_000

/** What is asked for each part of what is shown. */
export const fetches: Record<Exclude<Part, 'page'>, (cli: Cli, state: State) => Promise<Loaded>> = {
  agents: async (cli) => ({ agents: await cli.call('ps', {}) }),
  mail: async (cli) => ({ mail: await cli.call('mail', { limit: mostMail }) }),
  inbox: async (cli, state) => {
    const agent = chosenAgent(state)?.agent
    return agent === undefined ? {} : { inbox: { agent, rows: await cli.call('mail', { agent, limit: mostMail }) } }
  },
  approvals: async (cli) => ({ approvals: await cli.call('approval.list', {}) }),
  channels: async (cli) => ({ channels: (await cli.call('policy', {})).channels.map(({ channel }) => channel) }),
  usage: async (cli) => {
    const team = (await cli.call('budget', {})).find(({ scope }) => scope === 'team')
    const rows = await cli.call('usage', team === undefined ? {} : { since: team.until - dayMs })
    return { usd: byAgent(rows), spent: team === undefined ? null : spentOf(team) }
  },
}

/** What happened, by what it changes of what is shown. */
export function partsOf(type: string): Part[] {
  const family = type.slice(0, type.indexOf('.'))
  if (family === 'team') return allParts
  if (family === 'message' || family === 'delivery') return ['mail', 'inbox', 'agents', 'page']
  return family === 'approval' ? ['approvals', 'page'] : ['agents', 'usage', 'page']
}

/** A price that is not known is never shown as nothing: `—`, and `+` where it is part of a sum. */
export function byAgent(rows: UsageRow[]): Record<string, string> {
  return Object.fromEntries(
    [...Map.groupBy(rows, ({ agent }) => agent)].map(([agent, all]) => {
      const known = all.filter(({ usd }) => usd !== null)
      const sum = known.reduce((total, { usd }) => total + Number(usd), 0)
      return [agent, known.length === 0 ? '—' : `${cents(sum)}${all.some(({ unpriced }) => unpriced > 0) ? '+' : ''}`]
    }),
  )
}

/** Null where there is nothing to tell. */
export function spentOf({ usd, limit, unpriced, state }: BudgetRow): Spent | null {
  const sum = Number(usd)
  if (sum === 0 && limit === null && unpriced === 0) return null
  const known = sum === 0 && unpriced > 0 ? '$—' : `$${cents(sum)}${unpriced > 0 ? '+' : ''}`
  return { text: `${known}${limit === null ? '' : ` of $${limit}`} today`, state }
}

function cents(usd: number): string {
  return usd > 0 && usd < 0.01 ? '<0.01' : usd.toFixed(2)
}
