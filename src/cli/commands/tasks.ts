import type { TaskRow } from '../../api/task.ts'
import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { pairs } from '../table.ts'
import { duration, escapeLine, escapeText } from '../text.ts'

export async function tasks(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const id = given.text('id')
  if (id !== undefined) {
    const found = await cli.call('task.show', { id }, 'asking the daemon')
    return out.show(found, () => printTask(out, found))
  }
  const agent = given.text('agent')
  const rows = await cli.call('task.list', { limit: given.count('limit') ?? 200, ...(agent === undefined ? {} : { agent }) }, 'asking the daemon')
  out.show(rows, () => {
    if (rows.length === 0) return out.say('No tasks. Try: troupe spawn "what is to be done"')
    out.table(
      [{ head: '#', align: 'right' }, { head: 'STATE', least: 8 }, { head: 'WORKER', least: 10 }, { head: 'AGE', align: 'right', optional: true }, { head: 'TASK', least: 16 }, { head: 'DETAIL', optional: true }],
      rows.map((row) => [String(row.n), row.state, row.agent ?? '', age(row, Date.now()), row.title, row.detail]),
    )
  })
}

export async function change(cli: Cli, given: Given, operation: 'task.cancel' | 'task.again'): Promise<void> {
  const row = await cli.call(operation, { id: given.required('id') }, 'asking the daemon')
  cli.out.show(row, () => cli.out.line(taskLine(cli.out, row)))
}

/** `#3 fix-login working: fix the login test` */
export function taskLine(out: Output, { n, agent, state, detail, title, confidence }: TaskRow): string {
  const paint = { queued: out.color.dim, assigned: out.color.cyan, working: out.color.cyan, waiting: out.color.yellow, done: out.color.green, failed: out.color.red, cancelled: out.color.red }[state]
  const sure = confidence === 'low' ? ' (probably)' : ''
  return `#${n} ${escapeLine(agent ?? '')} ${paint(state)}${sure}${detail === '' ? '' : ` (${escapeLine(detail)})`}: ${escapeLine(title)}`
}

function age({ createdAt, startedAt, endedAt }: TaskRow, now: number): string {
  return duration(Math.max(0, (endedAt ?? now) - (startedAt ?? createdAt)))
}

function printTask(out: Output, task: Answer<'task.show'>): void {
  const entries: [string, string][] = [
    ['task', taskLine(out, task)],
    ['from', `${escapeLine(task.by)}${task.origin === null ? '' : `, ${escapeLine(task.origin)}`}`],
    ...(task.after.length === 0 ? [] : [['after', task.after.map((n) => `#${n}`).join(', ')] as [string, string]]),
    ...(task.signal === null ? [] : [['known by', `${task.signal}, ${task.confidence}`] as [string, string]]),
    ['attempts', String(task.attempts)],
  ]
  for (const line of pairs(entries, out.color.dim)) out.line(line)
  for (const { at, what, source } of task.evidence) out.line(`  ${new Date(at).toISOString()} ${escapeLine(source)}: ${escapeLine(what)}`)
  out.line(out.color.dim('text'))
  for (const line of escapeText(task.text).split('\n')) out.line(`  ${line}`)
  if (task.result === null) return
  out.line(out.color.dim('result'))
  for (const line of escapeText(task.result).split('\n')) out.line(`  ${line}`)
}
