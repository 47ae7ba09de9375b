import type { Clock } from '../../core/clock.ts'
import type { Compaction } from '../../core/runtime.ts'
import type { Conversation } from './conversation.ts'
import type { Keys } from './keys.ts'

const command = '/compress'
const stepMs = 200
/** A model writes the summary, and looks it over once: a long conversation takes minutes. ms */
const longestMs = 15 * 60_000

interface Parts {
  keys: Keys
  conversation: Pick<Conversation, 'compressions' | 'read'>
  clock: Clock
  closed(): boolean
}

/**
 * Types the command that a person would, and waits for what the session file says became of it. Nothing else may be typed
 * meanwhile: what enters while the summary is written is not in it, and goes with the old conversation.
 */
export async function compact({ keys, conversation, clock, closed }: Parts): Promise<Compaction> {
  await conversation.read()
  const before = conversation.compressions
  const why = await keys.command(command)
  if (why !== null) return { result: 'later', what: why }
  const end = clock.elapsed() + longestMs
  while (!closed() && clock.elapsed() < end) {
    await conversation.read()
    const { done, vain } = conversation.compressions
    if (done > before.done) return { result: 'done', what: 'Gemini goes on from a summary of the conversation' }
    if (vain > before.vain) return { result: 'failed', what: 'Gemini did not shorten the conversation: there may be too little of it' }
    await new Promise<void>((resolve) => void clock.after(stepMs, resolve))
  }
  if (closed()) return { result: 'failed', what: 'it ended, or another daemon took over, before the conversation was shortened' }
  return { result: 'failed', what: `Gemini was not done with it after ${longestMs / 60_000} min` }
}
