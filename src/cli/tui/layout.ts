import { columnsOf, dim, fit, line, span, type Line, type Style } from './cells.ts'
import type { Pane, Size, State } from './state.ts'

/** Below this nothing useful can be drawn. */
export const least: Size = { columns: 20, rows: 6 }

/** How the three panes share the room between the first lines and the last: beside each other, stacked on the right, or one at a time. */
export type Layout = { name: 'three'; widths: [number, number, number] } | { name: 'two'; left: number; right: number; upper: number } | { name: 'one' }

export function layoutOf({ size: { columns, rows }, alone }: Pick<State, 'size' | 'alone'>): Layout {
  if (alone) return { name: 'one' }
  if (columns >= 130 && rows >= 10) {
    const left = Math.min(52, Math.floor(columns * 0.28))
    const right = Math.min(70, Math.floor(columns * 0.32))
    return { name: 'three', widths: [left, columns - left - right - 2, right] }
  }
  if (columns >= 70 && rows >= 12) {
    const left = Math.max(32, Math.floor(columns * 0.36))
    return { name: 'two', left, right: columns - left - 1, upper: Math.ceil(rows * 0.58) }
  }
  return { name: 'one' }
}

/** What is left of a list of `length` around the one at `at`, in so many rows. */
export function windowOf(length: number, at: number, rows: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(at - Math.floor(rows / 2), length - rows))
  return { from, to: Math.min(length, from + rows) }
}

/** A pane: its name in a rule, bright where the keys go, and exactly `rows` lines with it. */
export function framed(title: Line, focused: boolean, { columns, rows }: Size, content: (inner: Size) => Line[]): Line[] {
  const edge: Style = focused ? { fg: '36', bg: '', attrs: [1] } : dim
  const head = fit([span(focused ? '━▸' : '──', edge), span(' '), ...title, span(' ')], Math.min(columns, 4 + columnsOf(title)))
  const rule = span((focused ? '━' : '─').repeat(Math.max(0, columns - 4 - columnsOf(title))), edge)
  return sized([fit([...head, rule], columns), ...content({ columns, rows: rows - 1 })], { columns, rows })
}

/** Exactly so large. */
export function sized(lines: Line[], { columns, rows }: Size): Line[] {
  return Array.from({ length: Math.max(0, rows) }, (_, row) => fit(lines[row] ?? [], columns))
}

/** Blocks of the same number of lines beside each other, each in its own columns whatever a terminal thinks of the characters before. */
export function beside(...blocks: { lines: Line[]; columns: number }[]): Line[] {
  const [first] = blocks
  return (first?.lines ?? []).map((_, row) => {
    let column = 0
    return blocks.flatMap(({ lines, columns }, i) => {
      const cells = lines[row] ?? []
      const bar = i === 0 ? [] : [{ ...span('│', dim), at: column }]
      column += columns + (i === 0 ? 0 : 1)
      return [...bar, ...cells]
    })
  })
}

export const paneNames: Record<Pane, string> = { agents: 'Agents', screen: 'Screen', mail: 'Mail' }

/** As many lines as fit from `top` on; the last tells what is left out. */
export function scrolledTo(lines: Line[], top: number, { columns, rows }: Size): Line[] {
  if (lines.length <= rows) return sized(lines, { columns, rows })
  const from = Math.min(top, lines.length - rows + 1)
  const left = lines.length - from - (rows - 1)
  return [...sized(lines.slice(from, from + rows - 1), { columns, rows: rows - 1 }), fit(line(span(left > 0 ? `… ${left} more lines: ↓` : '(end)', dim)), columns)]
}
