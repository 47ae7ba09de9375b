import type { ScreenState } from '../../core/runtime.ts'
import { linesOf } from '../screen-lines.ts'

const rule = /^─{10}/
/** `✢ Bootstrapping… (3s · ↓ 10 tokens)`, at the edge of the screen: what the agent says is indented. */
const working = /^[^\s\w●❯⎿]\s\S.*…/u
const retrying = /^[^\s\w●❯⎿]\s.*retrying in \d/u

/** Read between and below the last two rules: input box and footer, or a dialog. */
export function looks(screen: string): ScreenState {
  const lines = linesOf(screen)
  const below = lines.findLastIndex((line) => rule.test(line))
  if (below < 0) return null
  const above = lines.slice(0, below).findLastIndex((line) => rule.test(line))
  const isBox = above >= 0 && /^[❯!#&]/.test(lines[above + 1] ?? '')
  if (!isBox) return isDialog(lines.slice(below + 1)) ? 'waiting' : null
  const footer = lines.slice(below + 1).find((line) => line !== '') ?? ''
  if (/esc to interrupt/.test(footer)) return 'busy'
  // Too narrow a footer is cut off: the line above the box tells too.
  return lines.slice(Math.max(0, above - statusLines), above).some((line) => working.test(line) || retrying.test(line)) ? 'busy' : 'idle'
}

/** How far above the box the line stands that tells what it does: a tip may stand between. */
const statusLines = 6

/** A choice is marked, and the last line says how it is made. */
function isDialog(lines: string[]): boolean {
  return lines.some((line) => /^ {0,3}❯ \S/.test(line)) && /\b(Esc|Enter) to \w+/.test(lines.at(-1) ?? '')
}
