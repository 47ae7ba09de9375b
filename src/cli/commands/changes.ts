import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { count, escapeText, pad } from '../text.ts'
import { drainOf } from './drain.ts'
import { settled } from './lifecycle.ts'
import { watchChanges } from './up.ts'

type Row = Answer<'plan'>[number]

const widest = 'untouched'.length

/** Exit code 1 where reload would do anything. */
export async function plan(cli: Cli, given: Given): Promise<number> {
  const names = given.words('names')
  const { environmentOf } = await import('../team-files.ts')
  const env = environmentOf(await cli.root(), cli)
  const rows = await cli.call('plan', { agents: names, env }, 'comparing the files with what is applied')
  cli.out.show(rows, () => printChanges(cli.out, rows))
  return rows.some(isDifference) ? 1 : 0
}

export async function reload(cli: Cli, given: Given): Promise<number> {
  if (given.flag('dryRun')) return await plan(cli, given)
  const names = given.words('names')
  const { environmentOf } = await import('../team-files.ts')
  const env = environmentOf(await cli.root(), cli)
  const stopWatching = watchChanges(cli, given.flag('verbose'))
  const input = { agents: names, env, drainMs: drainOf(given), timeoutMs: given.duration('timeout') ?? 120_000 }
  const result = await cli.call('reload', input, 'applying what changed').finally(stopWatching)
  if (!cli.out.json && result.ok && !result.changes.some(isDifference)) {
    for (const notice of result.notices) cli.out.warn(notice)
    cli.out.say('No changes: the team runs as its files say.')
    return 0
  }
  return settled(cli, result)
}

function isDifference(row: Row): boolean {
  return row.action !== 'untouched'
}

function printChanges(out: Output, rows: Row[]): void {
  const columns = Math.max(...rows.map((row) => row.agent.length), 0)
  const paint = { start: out.color.green, stop: out.color.red, restart: out.color.yellow, apply: out.color.cyan, untouched: out.color.dim }
  for (const row of rows.filter(isDifference)) {
    const conversation = row.action === 'restart' && row.conversation === 'resumed' ? ' (its conversation goes on)' : ''
    out.line(`${paint[row.action](pad(row.action, widest))}  ${out.color.bold(pad(row.agent, columns))}  ${escapeText(row.why)}${conversation}`.trimEnd())
    for (const each of row.aclWidened) out.line(`${' '.repeat(widest + columns + 4)}${out.color.yellow('widens:')} ${escapeText(each)}`)
  }
  const same = rows.length - rows.filter(isDifference).length
  if (same === rows.length) return out.say('No changes: what is applied is what the files say.')
  out.say(`${count(rows.length - same, 'change')}, ${count(same, 'agent')} untouched. Try: troupe reload`)
}
