import type { TaskRow } from '../../api/task.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { pause } from '../pause.ts'

/** While no daemon answers, it is asked again this often; its keeper brings it back. ms */
const awayMs = 250
/** One question; the daemon answers before where something changes. ms */
const askedMs = 600_000

/** How these tasks stand now, and at each change, until none of them can go on by itself. A restart of the daemon is waited out. */
export async function* follow(cli: Cli, numbers: readonly number[]): AsyncGenerator<{ rows: TaskRow[]; over: boolean }> {
  // No answer has this cursor: the first one tells how they stand, at once.
  let seen = ''
  while (!cli.signal.aborted) {
    const answer = await cli.call('wait', { names: numbers.map(String), timeoutMs: askedMs, seen }).catch((error: unknown) => passing(cli, error))
    if (answer === null) {
      await cli.close()
      await pause(awayMs, cli.signal)
      continue
    }
    const { done, failed, waiting, open, cancelled, over, timedOut } = answer
    seen = answer.cursor
    yield { rows: [...new Map([...done, ...failed, ...waiting, ...open, ...cancelled].map((row) => [row.n, row])).values()], over: over && !timedOut }
    if (over && !timedOut) return
  }
}

function passing({ signal }: Cli, error: unknown): null {
  if (!(error instanceof TroupeError) || error.code !== 'unavailable' || signal.aborted) throw error
  return null
}
