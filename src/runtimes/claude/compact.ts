import type { Clock } from '../../core/clock.ts'
import type { Compaction, Terminal } from '../../core/runtime.ts'
import { pause } from './interrupt.ts'
import { whyNoPaste } from './rungs.ts'
import { findComposer } from './screen.ts'
import { readSessionFile, type Own } from './session-file.ts'

const command = '/compact'
/** Claude draws what was pasted, ms. */
const drawnMs = 3_000
const stepMs = 50
/** A model writes the summary: a long conversation takes minutes. ms */
const longestMs = 15 * 60_000
/** Idle for so long after the command, Claude has not taken it up, such as with nothing to shorten. ms */
const untakenMs = 20_000

interface Parts {
  own: Own
  terminal: Terminal
  clock: Clock
}

/** Types the command that a person would, into an empty input box of an idle Claude. Null once it is entered. */
export async function enterCompact({ own, terminal, clock }: Parts): Promise<Compaction | null> {
  const status = (await readSessionFile(own))?.status ?? 'not ready'
  if (status !== 'idle') return { result: 'later', what: `Claude is ${status}` }
  const inBox = async (): Promise<boolean> => await isInBox(terminal)
  // Left there by an earlier try, whose Enter was lost.
  if (!(await inBox())) {
    const why = await whyNoPaste({ terminal, clock })
    if (why !== null) return { result: 'later', what: why }
    await terminal.type([{ paste: command }])
  }
  const asked = clock.elapsed()
  while (!(await inBox())) {
    if (clock.elapsed() - asked > drawnMs) return { result: 'later', what: 'somebody is writing in the input box' }
    await pause(clock, stepMs)
  }
  await terminal.type([{ keys: ['Enter'] }])
  return null
}

async function isInBox(terminal: Terminal): Promise<boolean> {
  return findComposer(await terminal.screen({ escapes: true }))?.text === command
}

/** Waits for what proves it: `compacted` is told by Claude's own hook. */
export async function awaitCompact({ own, clock, terminal }: Parts, compacted: () => boolean, closed: () => boolean): Promise<Compaction> {
  const asked = clock.elapsed()
  let lastBusy = asked
  while (!compacted()) {
    if (closed()) return { result: 'failed', what: 'it ended, or another daemon took over, before the conversation was shortened' }
    const now = clock.elapsed()
    if ((await readSessionFile(own))?.status === 'busy') lastBusy = now
    if (now - lastBusy > untakenMs) {
      // Its Enter was lost: left there, it would stand in the way of mail.
      if (await isInBox(terminal)) await terminal.type([{ keys: ['C-u'] }])
      return { result: 'failed', what: 'Claude did not shorten the conversation: there may be too little of it' }
    }
    if (now - asked > longestMs) return { result: 'failed', what: `Claude was not done with it after ${longestMs / 60_000} min` }
    await pause(clock, 4 * stepMs)
  }
  return { result: 'done', what: 'Claude began anew with a summary of the conversation' }
}
