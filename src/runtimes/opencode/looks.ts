import type { ScreenState } from '../../core/runtime.ts'
import { linesOf } from '../screen-lines.ts'

/** Read at its end: what stands below the frame of the input box is the program's own, a bar that moves while it works; a question stands in its place. */
export function looks(screen: string): ScreenState {
  const lines = linesOf(screen).filter((line) => line !== '')
  const frame = lines.findLastIndex((line) => /^\s*╹▀{10}/.test(line))
  const below = lines.slice(frame + 1)
  if (frame >= 0 && below.length <= footerLines && !below.some((line) => /^\s*┃/.test(line))) {
    return below.some((line) => /^\s+[■⬝]{4}/.test(line)) ? 'busy' : 'idle'
  }
  const box = lines.slice(lines.findLastIndex((line) => !/^\s*┃/.test(line)) + 1)
  return box.some((line) => /^\s*┃\s+△ /.test(line)) ? 'waiting' : null
}

/** A tip, an empty place, and the folder stand below the box of a new conversation. */
const footerLines = 4
