import { programVersion } from '../../api/wire.ts'
import { TroupeError } from '../../core/error.ts'
import { olderThan } from '../../util/versions.ts'
import type { Cli } from '../cli.ts'
import { createEventLines, eventOf, isProgress } from '../event-line.ts'
import type { Given } from '../given.ts'
import { printAttach } from '../rows.ts'
import { settled } from './lifecycle.ts'

export async function up(cli: Cli, given: Given): Promise<number> {
  const agents = given.words('names')
  const { environmentOf } = await import('../team-files.ts')
  await takeOver(cli)
  const env = environmentOf(await cli.root(), cli)
  const verbose = given.flag('verbose')
  const stopWatching = watchChanges(cli, verbose)
  const result = await cli
    .call('up', { agents, env, timeoutMs: given.duration('timeout') ?? 120_000 }, 'bringing up the team')
    .finally(stopWatching)
  const code = settled(cli, result)
  if (cli.out.json) return code
  if (verbose) printAttach(cli.out, result.agents)
  if (code === 0 && result.agents.length > 0) cli.out.say('Try: troupe send AGENT "TEXT", troupe ps, troupe attach AGENT')
  return code
}

/** A daemon of an older release makes way for one of this: whoever runs `up` wants the team as this release runs it. */
async function takeOver(cli: Cli): Promise<void> {
  const older = await daemonOf(cli)
  if (!olderThan(older, programVersion)) return
  await cli.handOver()
  cli.out.say(`The daemon was troupe ${older}; troupe ${programVersion} has taken over. Agents go on.`)
}

async function daemonOf(cli: Cli): Promise<string> {
  try {
    return (await cli.hello()).version
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'incompatible' || typeof error.facts['version'] !== 'string') throw error
    return error.facts['version']
  }
}

/** Tells on stderr what happens to agents meanwhile: everything, or who is ready and who fell over. Returns the way out. */
export function watchChanges(cli: Cli, verbose: boolean): () => Promise<void> {
  const stop = new AbortController()
  const lineOf = createEventLines(cli.out.wordColor)
  const told = cli.out.quiet || cli.out.json ? Promise.resolve() : follow()
  return async () => {
    stop.abort()
    await told
  }

  async function follow(): Promise<void> {
    try {
      for await (const item of cli.events(null, AbortSignal.any([stop.signal, cli.signal]))) {
        const event = eventOf(item.data)
        if (event !== null && (verbose ? event.type.startsWith('agent.') : isProgress(event))) cli.out.told(lineOf(event, Date.now()))
      }
    } catch (error) {
      // The call itself fails with the same reason if it matters; the lines are only company.
      if (!stop.signal.aborted) cli.out.warn(`events cannot be shown: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
