import type { BudgetRow } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Colors, Output } from '../output.ts'
import { count, dollars, duration, escapeLine, thousands } from '../text.ts'
import { show } from '../watch.ts'

export async function budget(cli: Cli, given: Given): Promise<void> {
  const project = given.text('project')
  await show(cli, given, {
    fetch: async () => await cli.call('budget', project === undefined ? {} : { project }, 'asking the daemon'),
    print: (rows, now) => print(cli.out, rows, now),
  })
}

export async function allow(cli: Cli, given: Given): Promise<void> {
  const [id, usd] = [given.required('whom'), given.required('usd')]
  const scope = id === 'team' ? 'team' : (await isProject(cli, id)) ? 'project' : 'agent'
  const allowed = await cli.call('budget.allow', { scope, id, usd }, 'asking the daemon')
  cli.out.show(allowed, () => cli.out.line(`${escapeLine(allowed.id)} may cost $${allowed.limit} on ${allowed.day}`))
}

async function isProject(cli: Cli, id: string): Promise<boolean> {
  return (await cli.call('budget', {}, 'asking the daemon')).some((row) => row.scope === 'project' && row.id === id)
}

function print(out: Output, rows: BudgetRow[], now: number): void {
  const team = rows.find(({ scope }) => scope === 'team')
  out.table(
    [
      { head: 'PROJECT', least: 8 },
      { head: 'MSGS-24H', align: 'right' },
      { head: 'APPROVALS-24H', align: 'right' },
      { head: 'USD-24H', align: 'right' },
      { head: 'AGENTS', align: 'right' },
      { head: 'LIMIT', align: 'right' },
      { head: 'STATE' },
    ],
    rows.filter(({ scope }) => scope === 'project').map((row) => [row.id, thousands(row.messages), thousands(row.approvals), spent(row), String(row.agents), limitText(row, team), state(out.color, row.state === 'no limit' && team !== undefined ? { ...team, stopped: row.stopped } : row)]),
  )
  for (const row of rows) if (row.scope !== 'project' && (row.scope === 'team' || row.limit !== null)) out.line(sentence(row))
  const [first] = team === undefined ? rows : [team]
  if (first === undefined) return
  if (first.unlimited > 0) out.say(noLimit(first))
  const unpriced = rows.filter(({ scope }) => scope === 'project').reduce((sum, row) => sum + row.unpriced, 0)
  if (unpriced > 0) out.say(`${count(unpriced, 'model call')} of unknown price: not in these sums. Try: budget.prices in team-compose.yaml`)
  if (rows.some((row) => row.stopped > 0)) out.say(`The day ends in ${duration(first.until - now)}. Try: troupe budget allow WHOM USD, or raise the limit and troupe up`)
}

/** As teamctl has it: a project's own limit, else the team's. */
function limitText(row: BudgetRow, team: BudgetRow | undefined): string {
  if (row.limit !== null) return `$${row.limit}`
  return team?.limit === null || team === undefined ? '—' : `$${team.limit} (global)`
}

function spent({ usd, unpriced }: BudgetRow): string {
  return unpriced === 0 ? `$${dollars(usd)}` : `$${dollars(usd)} + ${unpriced}×—`
}

function sentence(row: BudgetRow): string {
  const whom = row.scope === 'team' ? 'team' : escapeLine(row.id)
  const over = row.over === null || row.over === '0.00' ? '' : `, $${dollars(row.over)} over it`
  const of = row.limit === null ? 'no limit' : `of $${row.limit} ${row.period === 'run' ? 'for this run' : 'today'}${over}`
  return `${whom}: ${spent(row)}, ${of}${row.state === 'stop' ? ` · stopped by ${row.rule ?? ''}` : row.state === 'warn' ? ' · near the limit' : ''}`
}

function noLimit(row: BudgetRow): string {
  const whom = row.unlimited === row.agents ? (row.scope === 'team' ? 'this team' : 'these agents') : count(row.unlimited, 'agent')
  return `There is no limit on what ${whom} may cost. Try: budget.daily_usd_limit in team-compose.yaml`
}

function state(color: Colors, { state: word, stopped }: BudgetRow): { text: string; paint: (text: string) => string } {
  const text = stopped > 0 ? `${word}, ${count(stopped, 'agent')} stopped` : word
  return { text, paint: word === 'stop' ? color.red : word === 'warn' ? color.yellow : word === 'ok' ? color.green : color.dim }
}
