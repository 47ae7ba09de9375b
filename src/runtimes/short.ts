import { printable } from '../core/printable.ts'

const shownChars = 120

/** Words of a CLI or its model as they may stand in a sentence of ours: one line, not long, with nothing that a terminal would obey. */
export function short(text: string): string {
  const line = printable(text).replaceAll(/\s+/g, ' ')
  return line.length > shownChars ? `${line.slice(0, shownChars - 1).toWellFormed()}…` : line
}
