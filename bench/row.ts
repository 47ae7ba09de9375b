/** One figure of the table. `hold` is what DESIGN promises, `beside` what stands beside it from this run or from elsewhere. */
export interface Row {
  figure: string
  /** Null where it could not be measured; `beside` says why. */
  value: number | null
  unit: string
  hold: string
  beside: string
}

export function skipped(figure: string, hold: string, why: string): Row {
  return { figure, value: null, unit: '', hold, beside: `skipped: ${why}` }
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** As wide as a table may be, in columns. */
const widest = 120
const gap = '  '
const indent = '    '

/** Columns as wide as they need to be; what stands beside a figure has lines of its own where it would not fit. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.figure, row.value === null ? '—' : `${round(row.value)} ${row.unit}`, row.hold, row.beside])
  const all = [['figure', 'measured', 'to hold', 'beside it'], ...cells]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  const before = widths.reduce((sum, width) => sum + width + gap.length, 0)
  return all.flatMap((line) => {
    const left = widths.map((width, column) => (line[column] ?? '').padEnd(width)).join(gap)
    const beside = line[3] ?? ''
    if (before + beside.length <= widest) return [`${left}${gap}${beside}`.trimEnd()]
    return [left.trimEnd(), ...broken(beside, widest - indent.length).map((text) => `${indent}${text}`)]
  }).join('\n')
}

/** Lines of whole words. */
function broken(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

function round(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
