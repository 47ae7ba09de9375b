import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { thousands } from '../text.ts'
import { show } from '../watch.ts'

export async function usage(cli: Cli, given: Given): Promise<void> {
  await show(cli, given, { fetch: async () => await cli.call('usage', {}, 'asking the daemon'), print: (rows) => print(cli.out, rows) })
}

function print(out: Output, rows: Answer<'usage'>): void {
  if (rows.length === 0) return out.say('No usage recorded yet.')
  out.table(
    [
      { head: 'AGENT', least: 12 },
      { head: 'MODEL', least: 10 },
      { head: 'INPUT', align: 'right' },
      { head: 'OUTPUT', align: 'right' },
      { head: 'CACHE READ', align: 'right' },
      { head: 'CACHE WRITE', align: 'right' },
      { head: 'USD', align: 'right' },
    ],
    rows.map(({ agent, model, tokens, usd }) => [
      agent,
      model,
      ...[tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].map(thousands),
      usd ?? '—',
    ]),
  )
}
