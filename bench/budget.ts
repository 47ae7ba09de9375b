import type { BudgetRow } from '../src/api/index.ts'
import { skipped, type Row } from './row.ts'
import { BenchTeam } from './team.ts'

const agents = 5
/** US dollars a call, and the ceiling for all of them together. */
const [each, limit] = [0.1, 2]
const hold = '≤ the calls in flight'
const figure = `budget overshoot, ${agents} agents at work`

interface Stop { type: string; data: { inFlight?: number; over?: string } }

/** Agents that spend as fast as their scripted model answers, stopped at a common ceiling in the middle of their turns. */
export async function budget(): Promise<Row[]> {
  const team = new BenchTeam(agents, { files: files() })
  try {
    await team.troupe('up')
    for (let n = 0; n < agents; n += 1) await team.troupe('send', `a${n}`, 'Spend')
    let row: BudgetRow | undefined
    for (let tries = 0; tries < 300 && (row?.stopped ?? 0) < agents; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      row = (await team.json<BudgetRow[]>('budget')).find(({ scope }) => scope === 'team')
    }
    if (row === undefined || row.stopped < agents) return [skipped(figure, hold, 'the agents did not come to their limit within a minute')]
    // What was in flight is told when it is over.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const spent = Number((await team.json<BudgetRow[]>('budget')).find(({ scope }) => scope === 'team')?.usd)
    const stops = (await team.json<Stop[]>('tail', '--lines', '1000')).filter(({ type }) => type === 'budget.stopped')
    const inFlight = Math.max(...stops.map(({ data }) => data.inFlight ?? 0))
    return [{ figure, value: Math.round((spent - limit) / each), unit: 'calls', hold: `≤ ${inFlight} in flight`, beside: `$${spent.toFixed(2)} spent of $${limit.toFixed(2)}, $${each.toFixed(2)} a call, a call every 0.3 s` }]
  } finally {
    await team.end()
  }
}

function files(): Record<string, string> {
  const spree = Array.from({ length: 100 }, () => ({ tool: 'sleep', args: { ms: 150 }, delay: 150, output_tokens: each * 1e6 }))
  const scenario = { about: 'spends', agents: { '*': [{ when: 'Spend', do: [...spree, { text: 'spent' }] }] } }
  const names = Array.from({ length: agents }, (_, n) => `a${n}`)
  return {
    'team-compose.yaml': JSON.stringify({ version: 2, rehearsal: './scenario.yaml', budget: { daily_usd_limit: limit, prices: { 'scripted-1': { input: 0, output: 1 } } }, projects: [{ file: 'projects/p.yaml' }] }),
    'projects/p.yaml': JSON.stringify({ version: 2, project: { id: 'p', name: 'P', cwd: '.' }, workers: Object.fromEntries(names.map((name) => [name, { runtime: 'scripted' }])) }),
    'scenario.yaml': JSON.stringify(scenario),
  }
}
