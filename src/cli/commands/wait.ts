import type { Output as Answer } from '../../api/index.ts'
import type { TaskRow } from '../../api/task.ts'
import { exitCodes, TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { pause } from '../pause.ts'
import { NeedsWholeProgram } from '../whole.ts'
import { taskLine } from './tasks.ts'

const defaultTimeout = 600_000
/** While no daemon answers, it is asked again this often; its keeper brings it back. ms */
const awayMs = 250

type Outcome = Answer<'wait'>

/** 0: all done; 1: one failed or was stopped; 5: the time is over. */
export async function wait(cli: Cli, given: Given): Promise<number> {
  const names = given.words('agents')
  const timeoutMs = given.duration('timeout') ?? defaultTimeout
  const asked = { names, any: given.flag('any') && !given.flag('all'), attention: given.flag('attention'), since: Date.now() }
  const result = await follow(cli, asked, timeoutMs)
  const { done, failed, waiting, timedOut, cancelled, open } = result
  cli.out.show({ done, failed, waiting, timedOut, cancelled, open }, () => {
    for (const row of [...failed, ...cancelled, ...waiting, ...open, ...done]) cli.out.line(taskLine(cli.out, row))
  })
  tellEnd(cli, result)
  if (timedOut) return exitCodes.timeout
  return failed.length > 0 || cancelled.length > 0 || (!asked.any && waiting.some(({ held }) => held)) ? 1 : 0
}

/** One question at a time, which the daemon answers when there is something new. A restart of it is waited out. */
async function follow(cli: Cli, asked: { names: string[]; any: boolean; attention: boolean; since: number }, timeoutMs: number): Promise<Outcome> {
  const until = performance.now() + timeoutMs
  const shown = new Map<number, string>()
  let last: Outcome | null = null
  for (;;) {
    const left = Math.max(0, Math.round(until - performance.now()))
    try {
      const answer: Outcome = await cli.call('wait', { ...asked, timeoutMs: left, ...(last === null ? {} : { seen: last.cursor }) })
      if (!answer.over) tellChanges(cli, answer, shown)
      if (answer.over || answer.timedOut) return answer
      last = answer
      // The first answer is how it stands; from then on the daemon is asked for what differs from it.
    } catch (error) {
      // The daemon went, and its keeper with it: only the whole program can start another.
      if (error instanceof NeedsWholeProgram) throw new NeedsWholeProgram(true)
      if (!(error instanceof TroupeError) || error.code !== 'unavailable' || cli.signal.aborted) throw error
      await cli.close()
      if (performance.now() >= until) throw new TroupeError('timeout', 'the time is over, and the daemon does not answer', { hint: 'troupe daemon logs', cause: error })
      await pause(awayMs, cli.signal)
    }
  }
}

function tellChanges(cli: Cli, { done, failed, waiting, open, cancelled }: Outcome, shown: Map<number, string>): void {
  for (const row of [...done, ...failed, ...cancelled, ...waiting, ...open].toSorted((a: TaskRow, b: TaskRow) => a.n - b.n)) {
    const line = taskLine(cli.out, row)
    if (shown.get(row.n) !== line) cli.out.say(line)
    shown.set(row.n, line)
  }
}

function tellEnd({ out }: Cli, { done, failed, waiting, cancelled, open, timedOut }: Outcome): void {
  const all = [done, failed, waiting, cancelled, open].reduce((sum, rows) => sum + rows.length, 0)
  if (all === 0) return out.say('No workers with tasks: nothing to wait for. Try: troupe spawn "what is to be done"')
  const parts = [[done, 'done'], [failed, 'failed'], [cancelled, 'stopped'], [waiting, 'waiting for a person or held'], [open, 'still at it']] as const
  const text = parts.filter(([rows]) => rows.length > 0).map(([rows, word]) => `${rows.length} ${word}`).join(', ')
  out.say(`${timedOut ? 'The time is over: ' : ''}${text}.`)
}
