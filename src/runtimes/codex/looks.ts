import type { ScreenState } from '../../core/runtime.ts'
import { linesOf } from '../screen-lines.ts'

/** `◦ Working (2s • esc to interrupt)`; of a try again, its cause stands below it. */
const status = /^[•◦·] .*\besc to interrupt\)/
const cause = /^ {2}[└│]/

/** Read at its end: the input box with its footer, and the one line above it; or a dialog, whose last line says how to answer. */
export function looks(screen: string): ScreenState {
  const lines = linesOf(screen).filter((line) => line !== '')
  const last = lines.at(-1) ?? ''
  if (/^ {2}(press )?enter\b.*\besc\b/i.test(last)) return 'waiting'
  const box = lines.findLastIndex((line) => /^›( |$)/.test(line))
  if (box < 0 || lines.length - 1 - box > footerLines) return null
  const above = lines.slice(0, box).findLast((line) => !cause.test(line)) ?? ''
  return status.test(above) ? 'busy' : 'idle'
}

/** A draft of several lines, and what stands below the box. */
const footerLines = 8
