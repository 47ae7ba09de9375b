import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Page } from '../output.ts'
import { quoteArgv } from '../quote.ts'
import { named, phaseColor } from '../rows.ts'
import { pairs } from '../table.ts'
import { clockTime, duration, escapeLine, escapeText, pad, thousands, width } from '../text.ts'
import { show } from '../watch.ts'

type Agent = Answer<'inspect'>

/** No event tells of a screen that changes. ms */
const screenMs = 2000

export async function inspect(cli: Cli, given: Given): Promise<void> {
  const agent = given.required('agent')
  await show(cli, given, {
    fetch: async () => await cli.call('inspect', { agent }, 'asking the daemon'),
    print: (found, now) => printAgent(cli.out, found, now),
    staleMs: () => screenMs,
  })
}

export function printAgent(out: Page, agent: Agent, now: number): void {
  const state = `${agent.phase}${agent.detail === '' ? '' : ` (${agent.detail})`}`
  out.line(`${out.color.bold(escapeLine(named(agent.agent, agent.displayName)))}  ${phaseColor(out.color, agent)(escapeLine(state))} for ${duration(now - agent.since)}`)
  out.line()
  for (const line of pairs(facts(agent), out.color.dim)) out.line(line)
  section(out, 'Evidence', evidenceLines(out, agent, now))
  section(out, 'Changed by something else than troupe since the team was applied', (agent.changed ?? []).map(({ file, at, atWork }) => `${clockTime(at, now)}  ${escapeLine(file)}${atWork.length === 0 ? '' : ` (at work then: ${atWork.map(escapeLine).join(', ')})`}`))
  const { budget, ...limits } = agent.limits
  section(out, 'Limits', pairs(Object.entries(limits).map(([key, value]): [string, string] => [limitNames[key] ?? key, limitText(value)]), out.color.dim))
  // An older daemon knows nothing of budgets, which is not the same as none.
  if (budget !== undefined) section(out, 'Budget', budgetLines(budget))
  section(out, 'Limits of its provider that it ran into', (agent.limitHits ?? []).flatMap((hit) => hitLines(hit, now)))
  section(out, 'Usage', agent.usage.map((row) => `${escapeLine(row.model)}: ${thousands(row.tokens.input)} in, ${thousands(row.tokens.output)} out, ${thousands(row.tokens.cacheRead)} cache read, ${thousands(row.tokens.cacheWrite)} cache write, ${row.usd === null ? 'price unknown' : `$${row.usd}`}`))
  section(out, 'Files', pairs(Object.entries(agent.files), out.color.dim))
  section(out, 'Its screen', (agent.screen ?? []).map(escapeLine))
  section(out, 'What you can do', agent.next.map(escapeText))
}

function evidenceLines({ color }: Page, { evidence }: Agent, now: number): string[] {
  const column = Math.max(0, ...evidence.map((one) => width(escapeLine(one.source))))
  return evidence.map((one) => `${color.dim(`${clockTime(one.at, now)}  ${pad(escapeLine(one.source), column)}`)}  ${escapeLine(one.what)}`)
}

function budgetLines(budget: unknown): string[] {
  const ceilings = Array.isArray(budget) ? (budget as Record<string, string>[]) : []
  if (ceilings.length === 0) return ['no limit']
  return ceilings.map(({ rule, period, limit, spent, over }) => `$${spent} of $${limit} ${period === 'run' ? 'for this run' : 'today'}${over === '0.00' ? '' : `, $${over} over it`}: ${rule}`)
}

const limitNames: Record<string, string> = {
  messageBytes: 'bytes of a message',
  requestsPerSecond: 'calls a second',
  requestsAtOnce: 'calls at once',
  waitsAtOnce: 'calls that wait for mail',
  inboxMessages: 'messages in the inbox',
  hops: 'messages in a row without work',
  sendsPerChain: 'sends of a chain without work',
  sendsPerMinute: 'sends a minute',
  refused: 'refused',
  restart: 'restart',
  failuresInWindow: 'recent failures',
}

function limitText(value: unknown): string {
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return 'none'
  return typeof value === 'number' ? thousands(value) : typeof value === 'string' ? value : JSON.stringify(value)
}

function hitLines({ at, resetsAt, raw, hooks }: NonNullable<Agent['limitHits']>[number], now: number): string[] {
  const reset = resetsAt === null ? 'reset unknown' : `reset ${clockTime(resetsAt, now)}`
  const done = hooks.map(({ name, state, what }) => `  ${escapeLine(name)}: ${state}${what === '' ? '' : `, ${escapeLine(what)}`}`)
  return [`${clockTime(at, now)}  ${escapeLine(raw)} (${reset})`, ...done]
}

function facts(agent: Agent): [string, string][] {
  const list = (names: string[]): string => (names.length === 0 ? 'nobody' : names.join(', '))
  const all: [string, string | null][] = [
    ['role', agent.role],
    ['runtime', `${agent.runtime}${agent.version === null ? '' : ` ${agent.version}`}`],
    ['model', agent.model],
    ['permission mode', agent.permissionMode],
    ['gate', agent.gate === undefined ? null : agent.gate ? 'asks before each tool call' : 'none: sensitive actions are held only where it asks'],
    ['folder', agent.cwd],
    ['reports to', agent.reportsTo],
    ['may write to', list(agent.canDm)],
    ['may broadcast on', agent.canBroadcast.length === 0 ? 'nothing' : agent.canBroadcast.map((name) => `#${name}`).join(', ')],
    ['inbox', String(agent.inbox)],
    ['restarts', String(agent.restarts)],
    ['incarnation', agent.incarnation],
    ['files', pendingText(agent.pending)],
    ['process', agent.pid === null ? null : String(agent.pid)],
    ['session', agent.session],
    ['terminal', agent.attach === undefined ? null : quoteArgv(agent.attach)],
  ]
  return all.filter((entry): entry is [string, string] => entry[1] !== null)
}

function pendingText(pending: string | undefined): string | null {
  if (pending === undefined) return null
  return pending === 'validate' ? 'have errors: troupe validate' : `differ from what is applied (${pending}): troupe plan`
}

function section(out: Page, title: string, lines: string[]): void {
  if (lines.length === 0) return
  out.line()
  out.line(out.color.bold(title))
  for (const line of lines) out.line(`  ${line}`)
}
