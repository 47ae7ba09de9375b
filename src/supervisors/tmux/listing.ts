import { processOf } from '../../util/processes.ts'
import type { Connection } from './connection.ts'
import { listCommand, parseTerminals, type Terminal } from './panes.ts'

/**
 * The terminals of one team. One that is undecided is dead only if its process is gone and a second look, which
 * comes after that, still finds no exit status: the status is lost, the death is certain.
 */
export async function listTerminals(connection: Connection, teamRoot: string): Promise<Terminal[]> {
  const look = async () => parseTerminals((await connection.request(listCommand(teamRoot)))[0] ?? [])
  const first = await look()
  const gone = new Set<string>()
  for (const { undecided, pane, pid } of first) if (undecided && (await processOf(pid)) === undefined) gone.add(pane)
  if (gone.size === 0) return first
  return (await look()).map((each) =>
    each.undecided && gone.has(each.pane) ? { ...each, state: { alive: false, code: null, signal: null } } : each,
  )
}
