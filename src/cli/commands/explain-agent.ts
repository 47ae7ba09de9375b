import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import { createEventLines } from '../event-line.ts'
import { readEnd } from '../file-tail.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { phaseColor } from '../rows.ts'
import { readableLines } from '../terminal-log.ts'
import { clockTime, count, duration, escapeLine, pad, width } from '../text.ts'
import { stateColor } from './mail.ts'

type Explained = Answer<'explain.agent'>

/** How much of a terminal's log is looked at for its last lines, bytes. */
const logBytes = 32 * 1024
const logLines = 10

export async function explainAgent(cli: Cli, given: Given): Promise<void> {
  const found = await cli.call('explain.agent', { agent: given.required('agent'), events: given.count('lines') ?? 25 }, 'asking the daemon')
  const last = cli.out.json ? [] : await lastWords(cli, found)
  cli.out.show(found, () => print(cli.out, found, last, Date.now()))
}

/** What a process that has ended left in its terminal's log: mostly the reason. */
async function lastWords(cli: Cli, found: Explained): Promise<string[]> {
  if (found.incarnation !== null || found.detail === 'never started') return []
  const logs = await cli.call('logs', { agents: [found.agent], screen: false })
  const { text } = logs[0] === undefined ? { text: '' } : await readEnd(logs[0].file, logBytes)
  return readableLines(text).filter((line) => line.trim() !== '').slice(-logLines)
}

function print(out: Output, found: Explained, last: string[], now: number): void {
  const { color } = out
  const state = `${found.phase}${found.detail === '' ? '' : ` (${found.detail})`}`
  out.line(`${color.bold(escapeLine(found.agent))}  ${phaseColor(color, found)(escapeLine(state))} for ${duration(now - found.since)}, wanted ${found.wanted}`)
  const column = Math.max(0, ...found.evidence.map((one) => width(escapeLine(one.source))))
  section(out, 'Evidence', found.evidence.map((one) => `${color.dim(`${clockTime(one.at, now)}  ${pad(escapeLine(one.source), column)}`)}  ${escapeLine(one.what)}`))
  const lineOf = createEventLines(color)
  section(out, 'How it came here', found.events.map((event) => lineOf(event, now)))
  section(out, 'Restarts', restartLines(found, now))
  section(out, 'What its runtime said', found.notices.map(escapeLine))
  section(out, 'Mail', mailLines(out, found, now))
  section(out, found.looks == null ? 'Its screen' : `Its screen, which by itself looks ${found.looks}`, found.screen.map(escapeLine))
  section(out, 'The last lines in its terminal', last.map(escapeLine))
  section(out, 'What happens next', [`${escapeLine(found.next.what)}${found.next.at === null ? '' : when(found.next.at, now)}`])
  section(out, 'What you can do', found.todo.map(escapeLine))
}

function restartLines({ restarts }: Explained, now: number): string[] {
  const { mode, count: n, failures, quarantineAt } = restarts
  const recent = failures.length === 0 ? 'no recent failure' : `failed at ${failures.map((at) => clockTime(at, now)).join(', ')}`
  return [`restart: ${escapeLine(mode)}; ${n === 0 ? 'not restarted' : `restarted ${n === 1 ? 'once' : `${n} times`}`}; ${recent} (${quarantineAt} in 10 min lead to quarantine)`]
}

function mailLines({ color }: Output, { mail }: Explained, now: number): string[] {
  const lines = mail.open.map((each) => {
    const waits = each.waitsFor === null ? '' : `, waits for ${escapeLine(each.waitsFor)}`
    return `#${each.n} from ${escapeLine(each.from)}, ${duration(now - each.sentAt)} old: ${stateColor(color, each.state)(escapeLine(each.state))}${waits}`
  })
  const more = mail.total - mail.open.length
  return [...lines, ...(more > 0 ? [`and ${count(more, 'message')} more (troupe mail --unread)`] : []), ...(mail.total === 0 ? ['none that it has not dealt with'] : [])]
}

function when(at: number, now: number): string {
  return at <= now ? ' now' : ` in ${duration(at - now + 999)}, at ${clockTime(at, now)}`
}

function section(out: Output, title: string, lines: string[]): void {
  if (lines.length === 0) return
  out.line()
  out.line(out.color.bold(title))
  for (const line of lines) out.line(`  ${line}`)
}
