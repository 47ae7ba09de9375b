import type { Clock } from '../../core/clock.ts'
import type { Terminal } from '../../core/runtime.ts'
import type { PutPicture } from '../pictures.ts'
import { pause } from './interrupt.ts'

/** A picture of 3.5 MB is taken up within 100 ms; on a busy machine it may take longer. ms */
const takePatience = 20_000
const stepMs = 20

/**
 * Adds pictures to what stands in the input box. The path of one, pasted by itself, becomes `[Image #3]` there once Claude has read
 * it; an Enter before that would leave the picture behind in an empty box. Where one is not taken its path stays as a word, and the
 * rest are left out: the text says how to ask for them.
 */
export async function attach(pictures: readonly PutPicture[], terminal: Terminal, clock: Clock): Promise<void> {
  let before = lastImage(await terminal.screen())
  for (const { label, file } of pictures) {
    await terminal.type([{ paste: `\n${label} ` }, { paste: file }])
    const end = clock.elapsed() + takePatience
    let now = lastImage(await terminal.screen())
    while ((now === null || now === before) && clock.elapsed() < end) {
      await pause(clock, stepMs)
      now = lastImage(await terminal.screen())
    }
    if (now === null || now === before) return
    before = now
  }
}

/** The number of the picture that ends the input box, which ends at the last rule of the screen; null where none does. */
export function lastImage(screen: string): string | null {
  const lines = screen.split('\n')
  const end = lines.findLastIndex((line) => /^─{10}/.test(line))
  // A narrow terminal breaks it over lines.
  const last = lines.slice(Math.max(0, end - 3), Math.max(0, end)).join('').replaceAll(/\s/g, '')
  return /\[Image#(\d+)\]$/.exec(last)?.[1] ?? null
}
