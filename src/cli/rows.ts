import type { AgentRow } from '../api/team.ts'
import type { Colors, Output } from './output.ts'
import { quoteArgv } from './quote.ts'
import { duration } from './text.ts'

/** The table of agents, the same in `ps` and at the end of `up`. */
export function printAgents(out: Output, rows: AgentRow[], now: number): void {
  out.table(
    [
      { head: 'AGENT', least: 12 },
      { head: 'ROLE' },
      { head: 'RUNTIME', least: 8 },
      { head: 'STATE' },
      { head: 'FOR', align: 'right' },
      { head: 'INBOX', align: 'right' },
      { head: 'RESTARTS', align: 'right' },
      { head: 'DETAIL', least: 6, optional: true },
    ],
    rows.map((row) => [
      { text: row.agent, paint: out.color.bold },
      row.role,
      row.runtime,
      { text: row.phase, paint: phaseColor(out.color, row) },
      duration(now - row.since),
      row.inbox === 0 ? '-' : String(row.inbox),
      row.restarts === 0 ? '-' : String(row.restarts),
      row.detail,
    ]),
  )
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
