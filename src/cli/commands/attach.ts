import { createInterface } from 'node:readline/promises'
import { TroupeError } from '../../core/error.ts'
import { runHere } from '../../util/spawn.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'

/** tmux' own default; the team's server reads no configuration file. */
const detachKey = 'Ctrl-b d'

export async function attach(cli: Cli, given: Given): Promise<number | void> {
  const { out } = cli
  const rw = given.flag('rw')
  const { agent, argv } = await cli.call('attach', { agent: given.required('agent'), rw }, 'asking the daemon')
  if (out.json) return out.show({ agent, argv }, () => undefined)
  if (!out.live || cli.stdin().isTTY !== true) {
    throw new TroupeError('usage', 'attach needs a terminal', { hint: `troupe logs ${agent}, or troupe attach ${agent} --json for the command` })
  }
  if (rw) await confirm(cli, agent)
  out.say(`${rw ? 'Typing goes to the agent' : 'Read-only'}; detach with ${detachKey}.`)
  await cli.close()
  return runHere(argv)
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
