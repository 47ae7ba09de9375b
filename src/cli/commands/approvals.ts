import type { Input, Output as Answer } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import { lookAlikes } from '../../core/look-alike.ts'
import { visible } from '../../core/printable.ts'
import { approvalStatement, proofOf } from '../../core/proof.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Colors, Output, Page } from '../output.ts'
import { readPassphrase } from '../passphrase.ts'
import { pairs } from '../table.ts'
import { duration, escapeLine } from '../text.ts'
import { show } from '../watch.ts'
import { challengeOf } from './passphrase.ts'

type Row = Answer<'approval.list'>[number]

export async function approvals(cli: Cli, given: Given): Promise<void> {
  const id = given.text('id')
  if (id !== undefined) return await show(cli, given, { fetch: async () => await cli.call('approval.show', { id }, 'asking the daemon'), print: (row) => printApproval(cli.out, row) })
  const [agent, all] = [given.text('agent'), given.flag('all')]
  await show(cli, given, {
    fetch: async () => await cli.call('approval.list', { all, ...(agent === undefined ? {} : { agent }) }, 'asking the daemon'),
    print(rows, now) {
      if (rows.length === 0) return cli.out.line(all ? '(no approvals)' : '(no pending approvals)')
      print(cli.out, rows, all, now)
    },
  })
}

export async function decide(cli: Cli, given: Given, verdict: 'approve' | 'deny'): Promise<void> {
  const note = given.text('note')
  const input = { id: given.required('id'), verdict, ...(note === undefined ? {} : { note }) }
  const decided = await decideWith(cli, input, async () => await readPassphrase(given, `Passphrase to approve ${input.id}: `))
  cli.out.show(decided, () => cli.out.line(`approval ${decided.n} ${decided.status === 'denied' ? 'denied' : 'approved'}`))
}

/** Asks for the passphrase only where the team wants one for this. */
export async function decideWith(cli: Cli, input: Input<'approval.decide'>, passphrase: () => Promise<string>): Promise<Row> {
  return await cli.call('approval.decide', input, 'deciding').catch(async (error: unknown) => {
    if (!(error instanceof TroupeError) || error.facts['confirm'] !== 'approval') throw error
    const { id, hash } = error.facts
    const proof = await proofOf(await passphrase(), challengeOf(error), approvalStatement({ id: String(id), hash: String(hash) }))
    return await cli.call('approval.decide', { ...input, proof }, 'deciding')
  })
}

/** The ones that wait longest end first: they stand on top. */
function print(out: Output, rows: Row[], all: boolean, now: number): void {
  out.table(
    [
      { head: 'ID', align: 'right' },
      { head: 'PROJECT' },
      { head: 'AGENT', least: 8 },
      { head: 'ACTION', least: 8 },
      ...(all ? [{ head: 'STATUS' }, { head: 'BY', least: 6, optional: true }] : [{ head: 'LEFT', align: 'right' as const }]),
      { head: 'SUMMARY', least: 20 },
    ],
    rows.toReversed().map((row) => [
      String(row.n),
      row.project,
      row.agent.slice(row.agent.indexOf(':') + 1),
      row.action,
      ...(all ? [{ text: row.status, paint: paint(out.color, row.status) }, row.decidedBy ?? ''] : [duration(Math.max(0, row.expiresAt - now))]),
      said(row),
    ]),
  )
}

/** What is decided on comes first: a request for a tool's call has words of the agent beside it. */
function said({ origin, summary, exact }: Row): string {
  const { tool, input } = JSON.parse(exact) as { tool?: unknown; input?: { command?: unknown } | null }
  if (origin === 'held' || typeof tool !== 'string' || tool === 'request_approval') return summary
  return `${tool}: ${typeof input?.command === 'string' ? input.command : JSON.stringify(input)} (it says: ${summary})`
}

/** The raw action stands beside what the agent says of it. */
export function printApproval(out: Page, row: Row): void {
  const at = (time: number): string => new Date(time).toISOString()
  const alike = lookAlikes(`${row.summary} ${JSON.stringify(JSON.parse(row.exact))}`)
  const entries: [string, string][] = [
    ['approval', `${row.n} (${row.id})`],
    ['agent', row.agent],
    ['action', row.action],
    ...(row.scope === null ? [] : [['scope', row.scope] as [string, string]]),
    ['status', `${row.status}, ${row.status === 'pending' || row.status === 'approved' ? `until ${at(row.expiresAt)}` : `asked ${at(row.requestedAt)}`}`],
    ...(row.decidedBy === null ? [] : [['decided by', `${row.decidedBy}, ${at(row.decidedAt ?? 0)}`] as [string, string]]),
    ...(row.note === null ? [] : [['note', row.note] as [string, string]]),
    ...(row.taint.length === 0 ? [] : [['tainted by', `${row.taint.join(' ')}: it has read what others wrote there`] as [string, string]]),
    ...(alike.length === 0 ? [] : [['beware', `letters that only look like Latin ones: ${alike.join(', ')}`] as [string, string]]),
    [row.origin === 'held' ? 'held' : 'it says', visible(row.summary)],
    ...(row.hash === undefined ? [] : [['sha256', row.hash] as [string, string]]),
  ]
  for (const line of pairs(entries, out.color.dim)) out.line(line)
  out.line('exactly')
  for (const line of exactLines(row.exact)) out.line(`  ${escapeLine(line)}`)
}

/** The canonical JSON, spread over lines, with what is hidden shown; what is decided on stands there as it is. */
export function exactLines(exact: string): string[] {
  return visible(JSON.stringify(JSON.parse(exact), null, 2)).split('\n')
}

function paint(color: Colors, status: Row['status']): (text: string) => string {
  if (status === 'approved' || status === 'used') return color.green
  return status === 'pending' ? color.yellow : color.red
}
