import type { Output as Answer } from '../api/index.ts'
import type { Colors } from './output.ts'
import { clockTime, escapeLine, pad } from './text.ts'

export type EventRow = Answer<'events'>['events'][number]

const agentColumn = 16
const upPhases = new Set(['idle', 'busy', 'waiting'])

/** Makes one readable line of each event: time, whom it is about, what happened. */
export function createEventLines(color: Colors): (event: EventRow, now: number) => string {
  return (event, now) => {
    const about = pad(escapeLine(event.agent ?? (text(event, 'from') || event.subject)), agentColumn)
    const number = text(event, 'n')
    const message = number === '' ? `message …${event.subject.slice(-6)}` : `#${number}`
    const words = escapeLine(sentence(event, message))
    return `${color.dim(clockTime(event.at, now))}  ${color.bold(about)}  ${paint(color, event)(words)}`.trimEnd()
  }
}

/** What happened, in words; types that are not known here show their facts. */
function sentence(event: EventRow, message: string): string {
  const fact = (name: string): string => text(event, name)
  switch (event.type) {
    case 'agent.phase':
      return phaseText(fact)
    case 'agent.launched':
      return `launched, process ${fact('pid')}${noticesOf(event).map((notice) => `; ${notice}`).join('')}`
    case 'agent.adopted':
      return `adopted, process ${fact('pid')}`
    case 'agent.ended':
      return `process ended: ${fact('signal') === '' ? `exit ${fact('code') || '?'}` : `killed by ${fact('signal')}`}`
    case 'agent.launch-failed':
      return `could not be launched: ${fact('why')}`
    case 'team.applied':
      return 'team applied as its files say'
    case 'agent.changed':
    case 'team.changed':
      return `${fact('action')}: ${fact('why')}${widenedIn(event)}`
    case 'team.down':
      return 'team taken down'
    case 'agent.up':
    case 'agent.start':
    case 'agent.restart':
      return `${event.type.slice('agent.'.length)} asked for`
    case 'agent.compact-asked':
      return 'asked for a shorter conversation'
    case 'agent.compacted':
      return `conversation shortened: ${fact('what')}`
    case 'agent.compact-failed':
      return `conversation not shortened: ${fact('what')}`
    case 'agent.session':
      return `conversation ${fact('session')}`
    case 'agent.wanted':
      return `wanted ${fact('wanted')}`
    case 'message.sent':
      return `sent ${message} to ${fact('to')}${fact('priority') === 'normal' ? '' : around(' (', fact('priority'), ')')}${around(' with ', attachedTo(event))}`
    case 'gc.done':
      return `gc removed ${fact('messages')} messages, ${fact('approvals')} approvals, ${fact('bridges')} bridges, ${fact('files')} files`
    case 'attachment.refused':
      return `may not attach ${fact('name')}: ${fact('why')}`
    case 'bridge.opened':
      return `bridge ${fact('n')} opened: ${fact('a')} ${fact('oneWay') === 'true' ? '→' : '↔'} ${fact('b')}, ${fact('topic')}`
    case 'bridge.closed':
      return `bridge ${fact('n')} closed${fact('by') === 'expiry' ? ', its time was over' : ''}`
    case 'message.throttled':
      return `refused to send to ${fact('to')}: ${fact('why')}`
    case 'delivery.offered':
      return `${message} offered by ${fact('rung')}: ${fact('result')}`
    case 'delivery.delivered':
      return `${message} delivered (${fact('proof')})`
    case 'delivery.acked':
      return `${message} acked`
    case 'delivery.dead':
      return `${message} dead: ${fact('reason')}`
    case 'operator.refused':
      return `refused at the operator socket: process ${fact('pid')} is an agent’s`
    case 'file.changed':
      return `${fact('file')} was changed by something else than troupe${around(', while at work: ', listed(event.data['atWork']))}`
    case 'call.refused':
      return `refused ${fact('operation')}: ${fact('why')}${around(' (', fact('where'), ')')}`
    case 'call.denied':
      return `may not call ${fact('tool')}: ${fact('why')}`
    case 'approval.requested':
      return `asks for approval ${fact('n')}: ${fact('action')}`
    case 'approval.approved':
    case 'approval.denied':
      return `approval ${fact('n')} ${event.type.slice('approval.'.length)} by ${fact('by')}: ${fact('action')}`
    case 'approval.used':
      return `used approval ${fact('n')}: ${fact('action')}`
    case 'approval.expired':
      return `approval ${fact('n')} expired${fact('was') === 'approved' ? ' unused' : ': nobody decided'}: ${fact('action')}`
    case 'budget.warned':
      return `near its limit: $${fact('spent')} of $${fact('limit')} spent, ${fact('rule')}`
    case 'budget.stopped':
      return `stopped by ${fact('rule')}: $${fact('spent')} of $${fact('limit')} spent, $${fact('over')} over it, ${fact('inFlight')} in flight`
    case 'budget.released':
      return `goes on: ${fact('rule')} holds no longer`
    case 'budget.allowed':
      return `${fact('id')} may cost $${fact('usd')} more on ${fact('day')}, by ${fact('by')}`
    case 'breaker.tripped':
      return `stopped by ${fact('rule')}: ${fact('why')}`
    case 'limit.hit':
      return `hit a limit of its provider: ${fact('raw')}`
    case 'limit.hook-done':
      return `rate-limit hook ${fact('name')}: ${fact('what')}`
    case 'limit.hook-retry':
    case 'limit.hook-failed':
      return `rate-limit hook ${fact('name')} failed${event.type.endsWith('retry') ? ' and is tried again' : ''}: ${fact('what')}`
    default:
      return [event.type, ...Object.entries(event.data).map(([key]) => around(`${key}=`, fact(key)))].filter((part) => part !== '').join(' ')
  }
}

function listed(names: unknown): string {
  return Array.isArray(names) ? names.join(', ') : ''
}

function attachedTo({ data: { attachments } }: EventRow): string {
  return Array.isArray(attachments) ? `${attachments.length} file${attachments.length === 1 ? '' : 's'}` : ''
}

/** Says each thing once: what the phase's name or its detail says already is left out. */
function phaseText(fact: (name: string) => string): string {
  const [to, detail, why, source] = [fact('to'), fact('detail'), fact('why'), fact('source')]
  if (fact('from') === 'starting' && upPhases.has(to)) return why.startsWith('ready') ? why : `ready${around(' — ', why, ` [${source}]`)}`
  const shown = `${to}${source === 'operator' ? '' : around(' (', detail, ')')}`
  return [to, detail].includes(why) ? shown : `${shown}${around(' — ', why, around(' [', source, ']'))}`
}

/** Permissions that a change widened. */
function widenedIn({ data: { aclWidened } }: EventRow): string {
  return Array.isArray(aclWidened) && aclWidened.length > 0 ? `; widens: ${aclWidened.map(String).join(', ')}` : ''
}

/** What a runtime wants a person to read once. */
function noticesOf(event: EventRow): string[] {
  const { notices } = event.data
  return Array.isArray(notices) ? notices.map(String) : []
}

/** Worth a line while a team comes up or changes: what is done and why, ready, fallen over, or something to read. Reasons that last are told at the end. */
export function isProgress(event: EventRow): boolean {
  if (event.type === 'agent.changed' || event.type === 'team.changed') return true
  if (event.type === 'agent.launched') return noticesOf(event).length > 0
  if (event.type !== 'agent.phase') return false
  const to = text(event, 'to')
  return to === 'backoff' || (text(event, 'from') === 'starting' && upPhases.has(to))
}

function paint(color: Colors, event: EventRow): (text: string) => string {
  if (['operator.refused', 'file.changed', 'call.denied', 'call.refused', 'attachment.refused', 'agent.ended', 'agent.launch-failed', 'delivery.dead', 'message.throttled', 'limit.hook-failed'].includes(event.type)) return color.red
  if (['approval.requested', 'agent.changed', 'team.changed'].includes(event.type)) return color.yellow
  if (event.type === 'message.sent') return color.cyan
  if (event.type === 'agent.phase' && ['quarantined', 'blocked'].includes(text(event, 'to'))) return color.red
  return (line) => line
}

/** A fact as text; empty where there is none. */
export function text(event: EventRow, name: string): string {
  const value = event.data[name]
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function around(before: string, inner: string, after = ''): string {
  return inner === '' ? '' : `${before}${inner}${after}`
}

/** Reads a stream item's data; null for what is not a line of the journal. */
export function eventOf(data: unknown): EventRow | null {
  if (typeof data !== 'object' || data === null) return null
  const { at, type, subject, agent, data: facts } = data as Partial<Record<keyof EventRow, unknown>>
  if (typeof at !== 'number' || typeof type !== 'string' || typeof subject !== 'string') return null
  return {
    at,
    type,
    subject,
    agent: typeof agent === 'string' ? agent : null,
    data: typeof facts === 'object' && facts !== null ? (facts as Record<string, unknown>) : {},
  }
}
