import type { AgentRow } from '../../api/team.ts'
import { pause } from '../pause.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { printAgents, printAttach } from '../rows.ts'

const refreshMs = 1000
const home = '\u001b[H\u001b[2J\u001b[3J'

export async function ps(cli: Cli, given: Given): Promise<void> {
  const verbose = given.flag('verbose')
  if (!given.flag('watch') || cli.out.json) return print(cli, await cli.call('ps', {}, 'asking the daemon'), verbose)
  while (!cli.signal.aborted) {
    const rows = await cli.call('ps', {})
    if (cli.out.live) cli.out.raw(home)
    print(cli, rows, verbose)
    await pause(refreshMs, cli.signal)
  }
}

function print({ out }: Cli, rows: AgentRow[], verbose: boolean): void {
  out.show(rows, () => {
    if (rows.length === 0) return out.say('No agents yet. Try: troupe up')
    printAgents(out, rows, Date.now())
    if (verbose) printAttach(out, rows)
  })
}
