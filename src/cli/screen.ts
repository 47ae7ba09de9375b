import type { Sink } from './output.ts'
import { width } from './text.ts'

/** A view that is drawn anew in its place until it is closed. */
export interface Screen {
  draw(value: unknown, print: () => void): void
  /** A line of words below what is drawn, such as why it does not change; gone with the next view. */
  notice(text: string): void
  /** Leaves the terminal as it was, with the last view as its last lines. */
  close(): void
}

/** Another screen, as pagers have it: what the person had on the terminal stays, also behind the top. The cursor is hidden. */
const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'
const top = '\u001b[H'
const restOfLine = '\u001b[K'
const restOfScreen = '\u001b[J'

/** On a terminal. `collect` gives the lines that a function prints, instead of printing them. */
export function terminalScreen(stdout: Sink, collect: (print: () => void) => string[]): Screen {
  let lines: string[] = []
  const show = (words: string[]): void => {
    const { rows = 24, columns = 80 } = stdout
    const frame = [...fitting(lines, rows - words.length, columns), ...words]
    stdout.write(`${top}${frame.map((line) => cleared(line, columns)).join('\r\n')}${restOfScreen}`)
  }
  stdout.write(enter)
  return {
    draw(_value, print) {
      lines = collect(print)
      show([])
    },
    notice: (text) => show(['', text]),
    close() {
      stdout.write(leave)
      for (const line of lines) stdout.write(`${line}\n`)
    },
  }
}

/** In a pipe or a file: each view that differs from the one before, whole. */
export function pipedScreen(show: (value: unknown, print: () => void) => void, warn: (text: string) => void): Screen {
  let last: string | null = null
  let warned = false
  return {
    draw(value, print) {
      const now = JSON.stringify(value)
      if (now !== last) show(value, print)
      last = now
      warned = false
    },
    notice(text) {
      if (!warned) warn(text)
      warned = true
    },
    close: () => undefined,
  }
}

/** As many lines as so many rows hold, and how many are left out. */
function fitting(lines: string[], rows: number, columns: number): string[] {
  const taken = (line: string): number => Math.max(1, Math.ceil(width(line) / columns))
  const total = lines.reduce((sum, line) => sum + taken(line), 0)
  if (total <= rows) return lines
  let room = rows - 1
  const shown = lines.findIndex((line) => (room -= taken(line)) < 0)
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines: a taller terminal shows them`]
}

/** After a line that ends in the last column the cursor still stands on that character: clearing would take it away. */
function cleared(line: string, columns: number): string {
  const columnsUsed = width(line)
  return columnsUsed > 0 && columnsUsed % columns === 0 ? line : `${line}${restOfLine}`
}
