import type { AgentRow } from '../../api/team.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { changedMark, printAgents, printAttach } from '../rows.ts'
import { count, escapeLine } from '../text.ts'
import { show } from '../watch.ts'

export async function ps(cli: Cli, given: Given): Promise<void> {
  const verbose = given.flag('verbose')
  await show(cli, given, {
    fetch: async () => await cli.call('ps', {}, 'asking the daemon'),
    print: (rows, now) => print(cli, rows, verbose, now),
    // What is told of the time that is left gets less without an event.
    staleMs: (rows) => (rows.some(({ phase }) => phase === 'backoff' || phase === 'parked') ? 1000 : Infinity),
  })
}

function print({ out }: Cli, rows: AgentRow[], verbose: boolean, now: number): void {
  if (rows.length === 0) return out.say('No agents yet. Try: troupe up')
  printAgents(out, rows, now)
  if (verbose) printAttach(out, rows)
  tellPending(out, rows)
  tellChanged(out, rows)
}

function tellChanged(out: Output, rows: AgentRow[]): void {
  const files = [...new Set(rows.flatMap(({ changed }) => changed ?? []).map(({ file }) => file))]
  if (files.length > 0) out.say(`${changedMark} changed by something else than troupe since the team was applied: ${files.map(escapeLine).join(', ')}. Try: troupe inspect AGENT`)
}

/** What runs is not what the files say. */
function tellPending(out: Output, rows: AgentRow[]): void {
  if (rows.some(({ pending }) => pending === 'validate')) return out.say('The files of the team have errors: what runs is what was applied last. Try: troupe validate')
  const waiting = rows.filter(({ pending }) => pending !== undefined)
  if (waiting.length > 0) out.say(`The files differ from what is applied: ${count(waiting.length, 'agent')} would change. Try: troupe plan`)
}
