import type { AgentRow } from '../../api/team.ts'
import { TroupeError } from '../../core/error.ts'
import { pick } from '../../core/pick.ts'
import { providerOf } from '../../runtimes/provider-words.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { phaseColor } from '../rows.ts'
import { cut, escapeLine } from '../text.ts'
import { show } from '../watch.ts'

/** One line of the table, as `--json` prints it: a row of `ps`, and what it means for a person who waits for work. */
export type StatusRow = AgentRow & {
  /** As short as it can be while it is the only one. */
  name: string
  provider: string
  /** Of its task where it has one, else its phase. */
  status: string
  /** Since its task was begun, until it ended, ms; of an agent without a task, since its phase began. Null before. */
  elapsedMs: number | null
  /** Why it does not get on; null where it does. */
  error: string | null
  /** With --verbose: the last lines of its terminal; none where it has none. */
  lines?: string[]
}

/** Longest title of a task in the table. */
const titleLength = 55

export async function status(cli: Cli, given: Given): Promise<void> {
  const wanted = given.text('worker')
  const verbose = given.flag('verbose')
  await show(cli, given, {
    fetch: async () => {
      const rows = chosen(rowsOf(await cli.call('ps', {}, 'asking the daemon'), Date.now()), wanted)
      return verbose ? await withLines(cli, rows) : rows
    },
    print: (rows) => print(cli.out, rows, Date.now()),
    staleMs: () => (verbose ? screenMs : Infinity),
  })
}

/** No event tells of what a terminal shows. ms */
const screenMs = 1_000
const linesShown = 5

async function withLines(cli: Cli, rows: StatusRow[]): Promise<StatusRow[]> {
  const found = rows.length === 0 ? [] : await cli.call('logs', { agents: rows.map(({ agent }) => agent), screen: true })
  const screens = new Map(found.map(({ agent, screen }) => [agent, screen]))
  return rows.map((row) => ({ ...row, lines: lastLines(screens.get(row.agent) ?? '') }))
}

/** Without rules, borders and wide gaps, which say nothing. */
function lastLines(screen: string): string[] {
  return screen.split('\n').map((line) => line.trimEnd().replace(/ {4,}/g, '  ')).filter((line) => /[\p{L}\p{N}]/u.test(line)).slice(-linesShown)
}

/** `now`: times of what still goes on are told up to it. */
export function rowsOf(agents: readonly AgentRow[], now: number): StatusRow[] {
  const ids = agents.map(({ agent }) => idOf(agent))
  return agents.map((row, at) => {
    const id = ids[at] ?? row.agent
    const name = ids.indexOf(id) === ids.lastIndexOf(id) ? id : row.agent
    return { ...row, name, provider: providerOf(row.runtime), status: row.task?.state ?? row.phase, elapsedMs: elapsed(row, now), error: errorOf(row) }
  })
}

function idOf(address: string): string {
  return address.slice(address.indexOf(':') + 1)
}

/** A task that ended has taken as long as it has taken. */
function elapsed({ task, since, detail }: AgentRow, now: number): number | null {
  if (task === undefined) return detail === 'never started' ? null : Math.max(0, now - since)
  return task.startedAt === null ? null : Math.max(0, (task.endedAt ?? now) - task.startedAt)
}

const troubled = new Set(['quarantined', 'blocked', 'backoff', 'parked'])

function errorOf({ task, phase, detail }: AgentRow): string | null {
  if (task?.state === 'failed' || task?.state === 'waiting') return task.detail
  if (troubled.has(phase) || (phase === 'stopped' && detail.startsWith('failed'))) return `${phase}: ${detail}`
  return null
}

function chosen(rows: StatusRow[], name: string | undefined): StatusRow[] {
  if (name === undefined) return rows
  const nameOf = (row: StatusRow): string => (name.includes(':') ? row.agent : idOf(row.agent))
  const picked = pick(name, rows.map(nameOf))
  const meant = picked === null ? [] : 'one' in picked ? [picked.one] : picked.several
  const found = rows.filter((row) => meant.includes(nameOf(row)))
  if (found.length === 1) return found
  const names = (found.length === 0 ? rows : found).map((row) => row.agent)
  throw new TroupeError('unknown', found.length === 0 ? `there is no agent "${name}"` : `"${name}" may be ${names.join(' or ')}`, { hint: `write one of ${names.join(', ')}`, facts: { name, candidates: names } })
}

function print(out: Output, rows: StatusRow[], now: number): void {
  if (rows.length === 0) return out.say('No agents yet. Try: troupe up')
  const leads = rows.filter(({ role }) => role === 'manager')
  for (const lead of leads) out.line(`${out.color.dim('Lead:')} ${escapeLine(lead.agent)} ${phaseColor(out.color, lead)(escapeLine(lead.phase))}${lead.detail === '' || lead.detail === lead.phase ? '' : ` (${escapeLine(lead.detail)})`}`)
  out.table(
    [{ head: 'NAME', least: 10 }, { head: 'PROVIDER', least: 8, spare: 1 }, { head: 'STATUS' }, { head: 'ELAPSED', align: 'right', spare: 2 }, { head: 'TASK', least: 16, optional: true }, { head: 'ERROR', least: 16, optional: true }],
    rows.map((row) => [
      { text: row.name, paint: out.color.bold },
      row.provider,
      { text: row.status, paint: paint(out, row) },
      row.elapsedMs === null ? '-' : clock(row.task === undefined ? now - row.since : row.elapsedMs),
      row.task === undefined ? '' : `[${row.task.source}] ${cut(escapeLine(row.task.title), titleLength)}`,
      row.error ?? '',
    ]),
  )
  for (const { name, lines } of rows) {
    if (lines === undefined) continue
    out.line(`\n${out.color.dim('━━')} ${out.color.bold(escapeLine(name))} ${out.color.dim('━━')}`)
    for (const line of lines.length === 0 ? ['(no terminal)'] : lines) out.line(cut(escapeLine(line), out.columns))
  }
  if (!rows.some(({ role }) => role === 'worker')) out.say('No workers yet: the lead makes them for what you ask it. Try: troupe "what you want done"')
}

function paint({ color }: Output, row: StatusRow): (text: string) => string {
  const paints: Record<string, (text: string) => string> = { done: color.green, failed: color.red, waiting: color.yellow, working: color.cyan, assigned: color.cyan, queued: color.yellow, cancelled: color.dim }
  return (row.task === undefined ? undefined : paints[row.status]) ?? phaseColor(color, row)
}

/** `0m 07s`, `12m 30s`, `3h 05m 00s`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return h > 0 ? `${h}h ${two(m)}m ${two(s)}s` : `${m}m ${two(s)}s`
}
