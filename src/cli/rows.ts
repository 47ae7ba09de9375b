import type { AgentRow } from '../api/team.ts'
import type { Colors, Output } from './output.ts'
import { quoteArgv } from './quote.ts'
import { table, type Cell, type Column } from './table.ts'
import { duration, escapeLine, width } from './text.ts'

const columns: Column[] = [
  { head: 'AGENT', least: 12 },
  { head: 'NAME', least: 8, optional: true },
  { head: 'ROLE', spare: 1 },
  { head: 'RUNTIME', least: 8, spare: 2 },
  { head: 'STATE' },
  { head: 'FOR', align: 'right' },
  { head: 'INBOX', align: 'right', spare: 4 },
  { head: 'RESTARTS', align: 'right', spare: 3 },
]
/** Beside the state: something else than troupe changed a file that decides what it may do. */
export const changedMark = '!'

const detail: Column = { head: 'DETAIL', optional: true }

/**
 * The table of agents, the same in `ps` and at the end of `up`. Details stand in the last column where the
 * terminal is wide enough for all of them, else below their agents: they say why, so they are never cut.
 */
export function printAgents(out: Output, rows: AgentRow[], now: number): void {
  const cells = rows.map((row): Cell[] => [
    { text: row.agent, paint: out.color.bold },
    row.displayName ?? '',
    row.role,
    row.runtime,
    { text: row.changed === undefined ? row.phase : `${row.phase} ${changedMark}`, paint: phaseColor(out.color, row) },
    row.detail === 'never started' ? '-' : duration(now - row.since),
    row.inbox === 0 ? '-' : String(row.inbox),
    row.restarts === 0 ? '-' : String(row.restarts),
  ])
  const wide = table([...columns, detail], cells.map((row, i) => [...row, rows[i]?.detail ?? '']), Infinity, out.color.dim)
  if (wide.every((line) => width(line) <= out.columns)) return out.line(wide.join('\n'))
  table(columns, cells, out.columns, out.color.dim).forEach((line, i) => {
    out.line(line)
    const why = rows[i - 1]?.detail ?? ''
    if (why !== '') out.line(out.color.dim(`  ${escapeLine(why)}`))
  })
}

/** An address, which is what commands take, with the name that people know beside it. */
export function named(address: string, name: string | null | undefined): string {
  return name === null || name === undefined ? address : `${address} (${name})`
}

export function printAttach(out: Output, rows: AgentRow[]): void {
  const shown = rows.filter((row) => row.attach !== undefined)
  if (shown.length === 0) return
  out.line()
  for (const row of shown) out.line(quoteArgv(row.attach ?? []))
}

export function phaseColor(color: Colors, row: Pick<AgentRow, 'phase' | 'detail'>): (text: string) => string {
  switch (row.phase) {
    case 'idle':
      return color.green
    case 'busy':
      return color.cyan
    case 'quarantined':
    case 'blocked':
      return color.red
    case 'stopped':
      return row.detail.startsWith('failed') ? color.red : color.dim
    default:
      return color.yellow
  }
}

/** 0 all ready, 5 some not ready in time, 1 anything worse. */
export function settledCode(result: { ok: boolean; agents: AgentRow[] }): number {
  if (result.ok) return 0
  const worse = result.agents.some((row) => ['quarantined', 'blocked', 'backoff', 'parked', 'stopped'].includes(row.phase))
  return !worse && result.agents.some((row) => row.phase === 'starting') ? 5 : 1
}
