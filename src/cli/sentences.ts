import type { Output as Answer } from '../api/index.ts'

export type EventRow = Answer<'events'>['events'][number]

/** `fact`: one fact of the event as text, empty where there is none. `message`: the message that it is about. */
type Sentence = (fact: (name: string) => string, event: EventRow, message: string) => string

/** What each type of event says; a type that is not here shows its facts. */
export const sentences: Readonly<Record<string, Sentence>> = {
  'agent.phase': (fact) => phaseText(fact),
  'agent.launched': (fact, event) => `launched, process ${fact('pid')}${noticesOf(event).map((notice) => `; ${notice}`).join('')}`,
  'agent.adopted': (fact) => `adopted, process ${fact('pid')}`,
  'agent.ended': (fact) => `process ended: ${fact('signal') === '' ? `exit ${fact('code') || '?'}` : `killed by ${fact('signal')}`}`,
  'agent.launch-failed': (fact) => `could not be launched: ${fact('why')}`,
  'team.applied': () => 'team applied as its files say',
  'agent.changed': (fact, event) => `${fact('action')}: ${fact('why')}${widenedIn(event)}`,
  'team.changed': (fact, event) => `${fact('action')}: ${fact('why')}${widenedIn(event)}`,
  'team.down': () => 'team taken down',
  'agent.up': () => 'up asked for',
  'agent.start': () => 'start asked for',
  'agent.restart': () => 'restart asked for',
  'agent.held': (fact) => `held by ${fact('by')}`,
  'agent.tainted': (fact) => `read something from ${fact('by')}: sensitive actions of this conversation are held`,
  'agent.launch-forgotten': () => 'a launch that nothing came of is forgotten',
  'agent.orphan-ended': (fact) => `a process that belonged to nobody was ended: ${fact('took')}`,
  'agent.moved': (fact) => `moves from ${fact('from')} to ${fact('to')}: ${fact('why')}`,
  'agent.not-moved': (fact) => `cannot move to ${fact('runtime')}: ${fact('why')}`,
  'agent.removed': () => 'left the team',
  'agent.throttled': (fact) => `asked too much: ${fact('refused')} calls refused`,
  'worktree.made': (fact) => `has a worktree: ${fact('path')}, branch ${fact('branch')}`,
  'worktree.removed': (fact) => `its worktree is gone: ${fact('path')}${around(', a copy of what stood in it is ', fact('backup'))}`,
  'backup.done': (fact) => `backup of ${fact('files')} files: ${fact('to')}`,
  'limit.told': (fact) => `told people of a limit: ${fact('text')}`,
  'outbox.queued': (fact) => `a ${fact('kind')} waits to go out by ${fact('gateway')}`,
  'agent.compact-asked': () => 'asked for a shorter conversation',
  'agent.compacted': (fact) => `conversation shortened: ${fact('what')}`,
  'agent.compact-failed': (fact) => `conversation not shortened: ${fact('what')}`,
  'agent.session': (fact) => `conversation ${fact('session')}`,
  'agent.wanted': (fact) => `wanted ${fact('wanted')}`,
  'message.sent': (fact, event, message) => `sent ${message} to ${fact('to')}${fact('priority') === 'normal' ? '' : around(' (', fact('priority'), ')')}${around(' with ', attachedTo(event))}`,
  'gc.done': (fact) => `gc removed ${fact('messages')} messages, ${fact('approvals')} approvals, ${fact('bridges')} bridges, ${fact('files')} files`,
  'attachment.refused': (fact) => `may not attach ${fact('name')}: ${fact('why')}`,
  'attachment.not-shown': (fact) => `mail #${fact('n')} came without its picture ${fact('id')}: ${fact('why')}`,
  'bridge.opened': (fact) => `bridge ${fact('n')} opened: ${fact('a')} ${fact('oneWay') === 'true' ? '→' : '↔'} ${fact('b')}, ${fact('topic')}`,
  'bridge.closed': (fact) => `bridge ${fact('n')} closed${fact('by') === 'expiry' ? ', its time was over' : ''}`,
  'message.throttled': (fact) => `refused to send to ${fact('to')}: ${fact('why')}`,
  'task.queued': (fact) => `task ${fact('n')} waits${around(' for ', fact('why'))}`,
  'task.assigned': (fact) => `task ${fact('n')} has its worker`,
  'task.sent': (fact) => `task ${fact('n')} is on its way to its worker`,
  'task.working': (fact) => `task ${fact('n')} is before its worker`,
  'task.waiting': (fact) => `task ${fact('n')} waits: ${fact('what')}`,
  'task.done': (fact) => `task ${fact('n')} done, by ${fact('source')} (${fact('confidence')})`,
  'task.failed': (fact) => `task ${fact('n')} failed: ${fact('why')}`,
  'task.cancelled': (fact) => `task ${fact('n')} cancelled: ${fact('why')}`,
  'task.result': (fact) => `task ${fact('n')} has a result, ${fact('bytes')} bytes`,
  'delivery.offered': (fact, _event, message) => `${message} offered by ${fact('rung')}: ${fact('result')}`,
  'delivery.delivered': (fact, _event, message) => `${message} delivered (${fact('proof')})`,
  'delivery.acked': (_fact, _event, message) => `${message} acked`,
  'delivery.dead': (fact, _event, message) => `${message} dead: ${fact('reason')}`,
  'operator.refused': (fact, event) => `refused at the operator socket: process ${fact('pid')}${event.agent === null ? `, ${fact('why')}` : ' is an agent’s'}`,
  'store.foreign_write': (fact) => `the database ${fact('database')} was changed by something else than its daemon`,
  'file.changed': (fact, event) => `${fact('file')} was changed by something else than troupe${around(', while at work: ', listed(event.data['atWork']))}`,
  'call.refused': (fact) => `refused ${fact('operation')}: ${fact('why')}${around(' (', fact('where'), ')')}`,
  'call.denied': (fact) => `may not call ${fact('tool')}: ${fact('why')}`,
  'approval.requested': (fact) => `asks for approval ${fact('n')}: ${fact('action')}`,
  'approval.approved': (fact) => `approval ${fact('n')} approved by ${fact('by')}: ${fact('action')}`,
  'approval.denied': (fact) => `approval ${fact('n')} denied by ${fact('by')}: ${fact('action')}`,
  'approval.used': (fact) => `used approval ${fact('n')}: ${fact('action')}`,
  'approval.expired': (fact) => `approval ${fact('n')} expired${fact('was') === 'approved' ? ' unused' : ': nobody decided'}: ${fact('action')}`,
  'budget.warned': (fact) => `near its limit: $${fact('spent')} of $${fact('limit')} spent, ${fact('rule')}`,
  'budget.unpriced': (fact) => `the price of ${fact('model')} is not known: no limit counts its calls, ${fact('rule')}`,
  'budget.stopped': (fact) => `stopped by ${fact('rule')}: $${fact('spent')} of $${fact('limit')} spent, $${fact('over')} over it, ${fact('inFlight')} in flight`,
  'budget.released': (fact) => `goes on: ${fact('rule')} holds no longer`,
  'budget.allowed': (fact) => `${fact('id')} may cost $${fact('usd')} more on ${fact('day')}, by ${fact('by')}`,
  'breaker.tripped': (fact) => `stopped by ${fact('rule')}: ${fact('why')}`,
  'limit.hit': (fact) => `hit a limit of its provider: ${fact('raw')}`,
  'limit.hook-done': (fact) => `rate-limit hook ${fact('name')}: ${fact('what')}`,
  'limit.hook-retry': (fact) => `rate-limit hook ${fact('name')} failed and is tried again: ${fact('what')}`,
  'limit.hook-failed': (fact) => `rate-limit hook ${fact('name')} failed: ${fact('what')}`,
  'outbox.sent': (fact, { subject }) => `sent a ${fact('kind')} by ${fact('gateway')} (${subject.slice(-6)})`,
  'outbox.failed': (fact) => `could not send a ${fact('kind')} by ${fact('gateway')}: ${fact('why')}`,
  'gateway.on': (fact, { subject }) => `${subject} is connected as ${fact('name')}`,
  'gateway.failing': (fact, { subject }) => `${subject} cannot get through: ${fact('why')}`,
  'chat.refused': (fact) => `refused in a chat: ${fact('why')}`,
  'chat.lost': (fact) => `something said by ${fact('gateway')} could not be dealt with and is given up: ${fact('kind')}${around(' (', fact('why'), ')')}`,
  'confirm.passphrase-set': () => 'the passphrase for approvals was set',
  'confirm.wrong-passphrase': (fact) => `a wrong passphrase for ${fact('for')}, number ${fact('count')} in a row`,
  'import.teamctl': (fact) => `mailbox of teamctl brought in: ${fact('unacked')} unread, ${fact('history')} of history`,
}

/** Phases of an agent that is up. */
export const upPhases: ReadonlySet<string> = new Set(['idle', 'busy', 'waiting'])

/** `before` and `after` around what is not empty. */
export function around(before: string, inner: string, after = ''): string {
  return inner === '' ? '' : `${before}${inner}${after}`
}

/** What a runtime wants a person to read once. */
export function noticesOf(event: EventRow): string[] {
  const { notices } = event.data
  return Array.isArray(notices) ? notices.map(String) : []
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
