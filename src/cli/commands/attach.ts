import { createInterface } from 'node:readline/promises'
import { TroupeError } from '../../core/error.ts'
import { runHere } from '../../util/spawn.ts'
import { arrange, dashboardOf, showCommand } from '../adhoc/dashboard.ts'
import { leadOf } from '../adhoc/lead.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'

/** tmux' own default; the team's server reads no configuration file. */
const detachKey = 'Ctrl-b d'

export async function attach(cli: Cli, given: Given): Promise<number | void> {
  if (given.flag('multi')) return await multi(cli, given)
  const { out } = cli
  const rw = given.flag('rw')
  const named = agentIn(given) ?? leadOf(await cli.call('ps', {}, 'asking the daemon')).agent
  const { agent, argv } = await cli.call('attach', { agent: named, rw }, 'asking the daemon')
  if (out.json) return out.show({ agent, argv }, () => undefined)
  needTerminal(cli, `troupe logs ${agent}, or troupe attach ${agent} --json for the command`)
  if (rw) await confirm(cli, agent)
  out.say(`${rw ? 'Typing goes to the agent' : 'Read-only'}; detach with ${detachKey}.`)
  await cli.close()
  return runHere(argv)
}

/** By the argument, or by --window. */
function agentIn(given: Given): string | undefined {
  const [agent, window] = [given.text('agent'), given.text('window')]
  if (agent !== undefined && window !== undefined) throw new TroupeError('usage', 'the agent is named twice', { hint: `troupe attach ${window}` })
  return agent ?? window
}

/** Everybody at once, in tiles; nobody’s terminal is moved for it. */
async function multi(cli: Cli, given: Given): Promise<number | void> {
  if (agentIn(given) !== undefined || given.flag('rw')) throw new TroupeError('usage', '--multi shows every agent, read-only', { hint: 'troupe attach --multi' })
  const dashboard = dashboardOf(await cli.call('ps', {}, 'asking the daemon'))
  const argv = showCommand(dashboard)
  const agents = dashboard.tiles.map(({ agent }) => agent)
  if (cli.out.json) return cli.out.show({ agents, argv }, () => undefined)
  needTerminal(cli, 'troupe status, or troupe logs')
  await arrange(dashboard)
  cli.out.say(`${agents.length} agents, read-only; detach with ${detachKey}. Called again it adds who came since.`)
  await cli.close()
  // Nested in a terminal of the same server it is refused where that is known.
  const { TMUX: _tmux, ...env } = cli.env
  return runHere(argv, { env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)) })
}

function needTerminal(cli: Cli, hint: string): void {
  if (!cli.out.live || cli.stdin().isTTY !== true) throw new TroupeError('usage', 'attach needs a terminal', { hint })
}

/** What is typed reaches the agent as its user's words, so the id is asked for once more. */
async function confirm({ signal }: Cli, agent: string): Promise<void> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await prompt.question(`Type ${agent} to attach with the keyboard: `, { signal })
    if (typed.trim() !== agent) throw new TroupeError('failed', 'that is not the id of the agent; nothing was attached', { hint: `troupe attach ${agent}` })
  } finally {
    prompt.close()
  }
}
