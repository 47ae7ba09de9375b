import type { Clock } from '../../core/clock.ts'
import type { Terminal } from '../../core/runtime.ts'
import { findComposer } from './screen.ts'
import { readSessionFile, type Own } from './session-file.ts'

const patienceMs = 10_000
const stepMs = 50

export interface Interrupted {
  /** The text that came back into the input box and was removed; null where none did. */
  restored: string | null
}

/**
 * Escape, if there is anything to interrupt. Before the model's first word Claude takes the prompt back out of the
 * conversation and into the input box, where it would be joined to the next text: it is cleared. A draft that was
 * there before is left alone.
 */
export async function interrupt(own: Own, terminal: Terminal, clock: Clock): Promise<Interrupted> {
  const status = async () => (await readSessionFile(own))?.status ?? null
  const text = async () => findComposer(await terminal.screen({ escapes: true }))?.text ?? ''
  const now = await status()
  if (now !== 'busy' && now !== 'waiting') return { restored: null }
  const draft = now === 'busy' ? await text() : ''
  await terminal.type([{ keys: ['Escape'] }])
  const end = clock.elapsed() + patienceMs
  while ((await status()) !== 'idle' && clock.elapsed() < end) await pause(clock, stepMs)
  if (draft !== '') return { restored: null }
  // The box is drawn a moment after the status is written.
  await pause(clock, 4 * stepMs)
  const restored = await text()
  if (restored === '') return { restored: null }
  // With text in the box one Ctrl-C empties it, and does not prepare to exit.
  await terminal.type([{ keys: ['C-c'] }])
  return { restored }
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}
