import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { thousands } from '../text.ts'

export async function usage({ out, call }: Cli, _given: Given): Promise<void> {
  const rows = await call('usage', {}, 'asking the daemon')
  out.show(rows, () => {
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
  })
}
