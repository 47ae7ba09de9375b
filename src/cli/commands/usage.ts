import type { UsageRow } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { dollars, thousands } from '../text.ts'
import { show } from '../watch.ts'

export async function usage(cli: Cli, given: Given): Promise<void> {
  const since = given.duration('since')
  const [project, agent, model, chain, day] = ['project', 'agent', 'model', 'chain', 'day'].map((name) => given.text(name))
  const byChain = given.flag('byChain')
  const input = { project, agent, model, chain, day, ...(since === undefined ? {} : { since: Date.now() - since }), ...(byChain ? { by: 'chain' as const } : {}) }
  await show(cli, given, {
    fetch: async () => await cli.call('usage', input, 'asking the daemon'),
    print: (rows) => print(cli.out, rows, byChain),
  })
}

function print(out: Output, rows: UsageRow[], byChain: boolean): void {
  if (rows.length === 0) return out.say('No usage recorded yet.')
  out.table(
    [
      { head: 'AGENT', least: 12 },
      { head: 'MODEL', least: 10 },
      ...(byChain ? [{ head: 'CHAIN', least: 36 }] : []),
      { head: 'CALLS', align: 'right', optional: true },
      { head: 'INPUT', align: 'right' },
      { head: 'OUTPUT', align: 'right' },
      { head: 'CACHE READ', align: 'right' },
      { head: 'CACHE WRITE', align: 'right' },
      { head: 'USD', align: 'right' },
    ],
    rows.map(({ agent, model, tokens, usd, calls, unpriced, chain }) => [
      agent,
      model,
      ...(byChain ? [chain ?? '—'] : []),
      thousands(calls),
      ...[tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].map(thousands),
      usd === null ? '—' : `${dollars(usd)}${unpriced === 0 ? '' : ` + ${unpriced}×—`}`,
    ]),
  )
  const unpriced = rows.reduce((sum, row) => sum + row.unpriced, 0)
  if (unpriced > 0) out.say(`${thousands(unpriced)} of the calls have no known price: they are in no sum. Try: budget.prices in team-compose.yaml`)
}
