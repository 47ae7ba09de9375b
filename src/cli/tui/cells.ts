import { escapeLine, width } from '../text.ts'

/** How a piece of text looks, as SGR parameters: `fg` and `bg` such as `31` or `38;5;12` ('' is the terminal's own), `attrs` such as 1 for bold. */
export interface Style {
  fg: string
  bg: string
  attrs: readonly number[]
}

/** Text that is safe on a terminal, of one look. `at` is the column (from 0) it stands in, whatever the terminal thought of the text before it. */
export interface Span {
  text: string
  style: Style
  at?: number
}

export type Line = readonly Span[]

export const plain: Style = { fg: '', bg: '', attrs: [] }
export const bold: Style = { ...plain, attrs: [1] }
export const dim: Style = { ...plain, attrs: [2] }
export const red: Style = { ...plain, fg: '31' }
export const green: Style = { ...plain, fg: '32' }
export const yellow: Style = { ...plain, fg: '33' }
export const cyan: Style = { ...plain, fg: '36' }
export const alarm: Style = { fg: '33', bg: '', attrs: [1, 7] }

/** A piece of text as it came, made safe. */
export function span(text: string, style: Style = plain): Span {
  return { text: escapeLine(text), style }
}

export function line(...parts: (Span | string)[]): Line {
  return parts.map((part) => (typeof part === 'string' ? span(part) : part))
}

export function columnsOf(cells: Line): number {
  return cells.reduce((sum, each) => sum + width(each.text), 0)
}

export function textOf(cells: Line): string {
  return cells.map((each) => each.text).join('')
}

/** Exactly so many columns: cut with `…`, or filled with blanks. */
export function fit(cells: Line, columns: number): Line {
  const used = columnsOf(cells)
  if (used === columns) return cells
  if (used < columns) return [...cells, { text: ' '.repeat(columns - used), style: plain }]
  if (columns < 1) return []
  const [kept] = take(cells, columns - 1)
  return fit([...kept, { text: '…', style: kept.at(-1)?.style ?? plain }], columns)
}

/** As many lines as the text needs at this width. A character wider than that is left out. */
export function wrap(cells: Line, columns: number): Line[] {
  const lines: Line[] = []
  let rest = cells
  while (columnsOf(rest) > columns) {
    const [kept, left] = take(rest, columns)
    if (kept.length === 0) break
    lines.push(kept)
    rest = left
  }
  return [...lines, rest]
}

/** The same text with every part shown in reverse, for the line that is chosen. */
export function reversed(cells: Line): Line {
  return cells.map((each) => ({ ...each, style: { ...each.style, attrs: [...each.style.attrs.filter((code) => code !== 2 && code !== 7), 7] } }))
}

/** The SGR sequence of a style. Without colours the rest (bold, dim, reverse) stays. */
export function sgr(style: Style, colours: boolean): string {
  const codes = ['0', ...style.attrs.map(String), ...(colours ? [style.fg, style.bg] : [])]
  return `\u001b[${codes.filter((code) => code !== '').join(';')}m`
}

/** What fits into so many columns, and what is left. */
function take(cells: Line, columns: number): [Span[], Span[]] {
  let room = columns
  for (const [i, each] of cells.entries()) {
    const used = width(each.text)
    if (used <= room) {
      room -= used
      continue
    }
    const head = beginning(each.text, room)
    const tail = { ...each, text: each.text.slice(head.length) }
    return [[...cells.slice(0, i), ...(head === '' ? [] : [{ ...each, text: head }])], [tail, ...cells.slice(i + 1)]]
  }
  return [[...cells], []]
}

/** Whole characters, as people count them. */
function beginning(text: string, columns: number): string {
  let kept = ''
  let room = columns
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    room -= width(segment)
    if (room < 0) break
    kept += segment
  }
  return kept
}
