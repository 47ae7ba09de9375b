import { cut, escapeLine, pad, width } from './text.ts'

export interface Column {
  head: string
  align?: 'left' | 'right'
  /** May be cut, down to this many columns, when the terminal is too narrow. */
  least?: number
  /** Left out when every cell is empty. */
  optional?: boolean
  /** Left out where the terminal is too narrow for all of them at their least, the lowest number first. */
  spare?: number
}

/** One cell: text as it came, and how to colour it once it is escaped, cut and padded. */
export type Cell = string | { text: string; paint: (text: string) => string }

const gap = '  '

/** A plain table: a head, columns two spaces apart, nothing after the last one. `limit` is the terminal's width, or Infinity. */
export function table(columns: Column[], rows: Cell[][], limit: number, paintHead = (text: string) => text): string[] {
  const texts = rows.map((row) => columns.map((_, i) => escapeLine(textOf(row[i]))))
  const filled = columns.map((column, i) => ({ column, i })).filter(({ column, i }) => !column.optional || texts.some((row) => row[i] !== ''))
  const wished = filled.map((one) => ({
    ...one,
    natural: Math.max(width(one.column.head), ...texts.map((row) => width(row[one.i] ?? ''))),
    least: one.column.least === undefined ? null : Math.max(one.column.least, width(one.column.head)),
  }))
  const shown = withoutSpare(wished, limit)
  const widths = fit(shown, limit)
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

/** Gives up one spare column after another while the rest cannot stand beside each other. */
function withoutSpare<T extends { column: Column; natural: number; least: number | null }>(columns: T[], limit: number): T[] {
  const narrowest = columns.reduce((sum, { natural, least }) => sum + Math.min(natural, least ?? natural) + gap.length, -gap.length)
  const [first] = columns.filter(({ column }) => column.spare !== undefined).toSorted((a, b) => (a.column.spare ?? 0) - (b.column.spare ?? 0))
  return narrowest <= limit || first === undefined ? columns : withoutSpare(columns.filter((each) => each !== first), limit)
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
