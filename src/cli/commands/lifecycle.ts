import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { printAgents, settledCode } from '../rows.ts'
import { count, duration } from '../text.ts'

const defaultTimeout = 120_000

export async function start(cli: Cli, given: Given): Promise<number> {
  const agents = given.words('agents')
  return settled(cli, await cli.call('start', { agents, timeoutMs: given.duration('timeout') ?? defaultTimeout }, `starting ${agents.join(', ')}`))
}

export async function restart(cli: Cli, given: Given): Promise<number> {
  const agents = given.words('agents')
  const input = { agents, fresh: given.flag('fresh'), timeoutMs: given.duration('timeout') ?? defaultTimeout }
  return settled(cli, await cli.call('restart', input, `restarting ${agents.join(', ')}`))
}

export async function stop(cli: Cli, given: Given): Promise<void> {
  const agents = given.words('agents')
  stopped(cli, await cli.call('stop', { agents }, `stopping ${agents.join(', ')}`))
}

export async function kill(cli: Cli, given: Given): Promise<void> {
  const agents = given.words('agents')
  stopped(cli, await cli.call('kill', { agents }, `killing ${agents.join(', ')}`))
}

export async function down(cli: Cli, given: Given): Promise<void> {
  const result = await cli.call('down', { hard: given.flag('hard') }, 'ending the team')
  await cli.ended()
  stopped(cli, result)
  cli.out.say('The team is down; mail and state stay.')
}

export async function interrupt(cli: Cli, given: Given): Promise<void> {
  const result = await cli.call('interrupt', { agent: given.required('agent') }, 'interrupting')
  cli.out.show(result, () => cli.out.say(`Interrupted ${result.agent}.`))
}

/** What `up`, `start` and `restart` have in common at their end. */
export function settled(cli: Cli, result: Answer<'up'>): number {
  const { out } = cli
  out.show(result, () => printAgents(out, result.agents, Date.now()))
  for (const notice of result.notices) out.warn(notice)
  const code = settledCode(result)
  if (code !== 0) {
    const left = result.agents.filter((row) => !['idle', 'busy', 'waiting'].includes(row.phase))
    out.warn(`${count(left.length, 'agent')} not ready: ${left.map((row) => row.agent).join(', ')}`)
    if (left[0] !== undefined) out.say(`Try: troupe inspect ${left[0].agent}`)
  }
  return code
}

function stopped({ out }: Cli, result: Answer<'stop'>): void {
  out.show(result, () => {
    if (result.stopped.length === 0) return out.say('Nothing was running.')
    out.table(
      [{ head: 'AGENT', least: 12 }, { head: 'ENDED BY' }, { head: 'AFTER', align: 'right' }],
      result.stopped.map((row) => [row.agent, row.took, row.ms < 1000 ? `${Math.round(row.ms)}ms` : duration(row.ms)]),
    )
  })
}
