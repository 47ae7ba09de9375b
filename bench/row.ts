/** One figure of the table. `hold` is what DESIGN promises, `reference` what stands beside it from this run or from elsewhere. */
export interface Row {
  figure: string
  value: number
  unit: string
  hold: string
  reference: string
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** Columns as wide as they need to be. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.figure, `${round(row.value)} ${row.unit}`, row.hold, row.reference])
  const all = [['figure', 'measured', 'to hold', 'beside it'], ...cells]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

function round(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
