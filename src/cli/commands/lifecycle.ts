import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { drainOf } from './drain.ts'
import { printAgents, settledCode } from '../rows.ts'
import { count, duration, escapeText } from '../text.ts'

const defaultTimeout = 120_000
/** Agents named in one line of troubles. */
const mostNamed = 5

export async function start(cli: Cli, given: Given): Promise<number> {
  const agents = given.words('agents')
  return settled(cli, await cli.call('start', { agents, timeoutMs: given.duration('timeout') ?? defaultTimeout }, `starting ${agents.join(', ')}`))
}

export async function restart(cli: Cli, given: Given): Promise<number> {
  const agents = given.words('names')
  const input = { agents, fresh: given.flag('fresh'), drainMs: drainOf(given), timeoutMs: given.duration('timeout') ?? defaultTimeout }
  return settled(cli, await cli.call('restart', input, `restarting ${agents.join(', ')}`))
}

export async function stop(cli: Cli, given: Given): Promise<void> {
  const agents = given.words('agents')
  const { stopsTeam } = await import('../adhoc/stop.ts')
  if (await stopsTeam(cli, agents)) return await down(cli, given.as('names', undefined))
  await stopAgents(cli, given)
}

export async function stopAgents(cli: Cli, given: Given): Promise<void> {
  const agents = given.words('agents')
  const result = await cli.call('stop', { agents, drainMs: drainOf(given, 'timeout') }, `stopping ${agents.join(', ')}`)
  cli.out.show(result, () => printStopped(cli, result.stopped))
}

export async function kill(cli: Cli, given: Given): Promise<void> {
  const agents = given.words('agents')
  const result = await cli.call('kill', { agents }, `killing ${agents.join(', ')}`)
  cli.out.show(result, () => printStopped(cli, result.stopped))
}

export async function down(cli: Cli, given: Given): Promise<void> {
  const names = given.words('names')
  const how = { hard: given.flag('hard'), drainMs: drainOf(given, 'timeout') }
  if (names.length > 0) return await downPart(cli, names, how)
  const result = await cli.call('down', how, 'ending the team')
  await cli.ended()
  tellDown(cli, result, 'The team is down; mail and state stay.')
}

/** Another operation: a daemon of an older release must not take it for all of the team. */
async function downPart(cli: Cli, agents: string[], how: { hard: boolean; drainMs: number | null }): Promise<void> {
  const result = await cli.call('down.part', { agents, ...how }, `ending ${agents.join(', ')}`)
  for (const notice of result.notices) cli.out.warn(notice)
  tellDown(cli, result, 'The rest of the team goes on.')
}

function tellDown(cli: Cli, result: Answer<'down'>, rest: string): void {
  const ran = result.stopped.filter((each) => each.took !== 'not running')
  cli.out.show(result, () => (ran.length === 0 ? undefined : printStopped(cli, ran)))
  cli.out.say(`${ran.length === 0 ? 'No agent was running. ' : ''}${rest}`)
}

export async function interrupt(cli: Cli, given: Given): Promise<void> {
  const result = await cli.call('interrupt', { agent: given.required('agent') }, 'interrupting')
  cli.out.show(result, () => cli.out.say(`${result.agent} was told to interrupt its turn.`))
}

/** What `up`, `start` and `restart` have in common at their end. */
export function settled(cli: Cli, result: Answer<'start'>): number {
  const { out } = cli
  // The reasons follow below, once for all that share them.
  const troubled = new Set(result.troubles.map((each) => each.agent))
  const rows = result.agents.map((row) => (troubled.has(row.agent) ? { ...row, detail: '' } : row))
  out.show(result, () => (rows.length === 0 ? out.say('The files of the team name no agents yet: they stand in projects/.') : printAgents(out, rows, Date.now())))
  if (!out.json) {
    for (const notice of result.notices) out.warn(notice)
    tellTroubles(out, result)
  }
  return settledCode(result)
}

/** Agents that fail for the same reason share a line. */
function tellTroubles(out: Output, { agents, troubles }: Answer<'start'>): void {
  if (troubles.length === 0) return
  out.trouble(`${out.wordColor.red('error:')} ${troubles.length} of ${count(agents.length, 'agent')} not ready`)
  for (const [first, ...others] of Map.groupBy(troubles, ({ why, fix }) => `${why}\n${fix}`).values()) {
    if (first === undefined) continue
    const names = [first, ...others].map((each) => each.agent)
    const shown = names.length > mostNamed ? `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more` : names.join(', ')
    out.trouble(escapeText(`  ${shown}: ${first.why}`))
    out.trouble(`  ${out.wordColor.bold('Try:')} ${escapeText(first.fix)}`)
  }
}

function printStopped({ out }: Cli, stopped: Answer<'stop'>['stopped']): void {
  out.table(
    [{ head: 'AGENT', least: 12 }, { head: 'ENDED BY' }, { head: 'AFTER', align: 'right' }, { head: 'BEFORE THAT', optional: true }],
    stopped.map(({ agent, took, ms, drain }) => [agent, took, took === 'not running' ? '-' : ms < 1000 ? `${Math.round(ms)}ms` : duration(ms), drain === 'nothing to wait for' ? '' : (drain ?? '')]),
  )
}
