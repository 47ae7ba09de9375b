import { cut, escapeLine, pad, width } from './text.ts'

export interface Column {
  head: string
  align?: 'left' | 'right'
  /** May be cut, down to this many columns, when the terminal is too narrow. */
  least?: number
  /** Left out when every cell is empty. */
  optional?: boolean
}

/** One cell: text as it came, and how to colour it once it is escaped, cut and padded. */
export type Cell = string | { text: string; paint: (text: string) => string }

const gap = '  '

/** A plain table: a head, columns two spaces apart, nothing after the last one. `limit` is the terminal's width, or Infinity. */
export function table(columns: Column[], rows: Cell[][], limit: number, paintHead = (text: string) => text): string[] {
  const texts = rows.map((row) => columns.map((_, i) => escapeLine(textOf(row[i]))))
  const shown = columns.map((column, i) => ({ column, i })).filter(({ column, i }) => !column.optional || texts.some((row) => row[i] !== ''))
  const widths = fit(
    shown.map(({ column, i }) => ({
      natural: Math.max(width(column.head), ...texts.map((row) => width(row[i] ?? ''))),
      least: column.least === undefined ? null : Math.max(column.least, width(column.head)),
    })),
    limit,
  )
  const line = (cells: string[], paint: ((i: number) => (text: string) => string)): string =>
    shown
      .map(({ column, i }, at) => {
        const text = cut(cells[i] ?? '', widths[at] ?? 0)
        const last = at === shown.length - 1 && column.align !== 'right'
        return paint(i)(last ? text : pad(text, widths[at] ?? 0, column.align))
      })
      .join(gap)
      .trimEnd()
  const head = line(columns.map((column) => column.head), () => paintHead)
  return [head, ...texts.map((row, at) => line(row, (i) => paintOf(rows[at]?.[i])))]
}

function textOf(cell: Cell | undefined): string {
  return cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text
}

function paintOf(cell: Cell | undefined): (text: string) => string {
  return cell === undefined || typeof cell === 'string' ? (text) => text : cell.paint
}

/** Takes what is missing from the widest column that may shrink, again and again. */
function fit(columns: { natural: number; least: number | null }[], limit: number): number[] {
  const widths = columns.map((column) => column.natural)
  let over = widths.reduce((sum, w) => sum + w, 0) + gap.length * (widths.length - 1) - limit
  while (over > 0) {
    let widest = -1
    columns.forEach((column, i) => {
      const spare = (widths[i] ?? 0) - (column.least ?? Infinity)
      if (spare > 0 && (widest === -1 || (widths[i] ?? 0) > (widths[widest] ?? 0))) widest = i
    })
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
    over -= 1
  }
  return widths
}

/** `key   value` lines, the keys aligned; values escaped, several lines indented under the first. */
export function pairs(entries: [string, string][], paintKey = (text: string) => text): string[] {
  const keys = Math.max(0, ...entries.map(([key]) => width(key)))
  return entries.map(([key, value]) => `${paintKey(pad(key, keys))}${gap}${escapeLine(value)}`)
}
