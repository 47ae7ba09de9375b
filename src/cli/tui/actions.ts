import type { AgentRow } from '../../api/index.ts'
import { visible } from '../../core/printable.ts'
import { exactLines } from '../commands/approvals.ts'
import { agentInView, chosenAgent, chosenApproval, chosenMail, isChannel, isTrouble, nameOf, shownAgents, shownApprovals, shownMail } from './chosen.ts'
import { fieldOf } from './field.ts'
import { ask, browse, panes, stay, tabs, tell, type Approval, type Recipient, type State, type Step, type Subject } from './state.ts'

/** What can be done with the team as it is shown. Each returns the state after it and what is to be done outside. */

/** So many lines on, in whatever has the keys; kept within bounds where it is drawn. */
export function move(state: State, by: number): State {
  const { place } = state
  if (place.name === 'page') return { ...state, place: { ...place, top: clamp(place.top + by, Infinity) } }
  if (place.name === 'approvals') return { ...state, chosen: { ...state.chosen, approval: neighbour(shownApprovals(state), chosenApproval(state), by)?.id ?? null } }
  if (state.pane === 'screen') return { ...state, lifted: clamp(state.lifted - by, lines(state) - 1) }
  if (state.pane === 'mail') return { ...state, chosen: { ...state.chosen, mail: neighbour(shownMail(state), chosenMail(state), by)?.id ?? null } }
  return choose(state, neighbour(shownAgents(state), chosenAgent(state), by)?.agent ?? null)
}

export function choose(state: State, agent: string | null): State {
  if (agent === chosenAgent(state)?.agent) return { ...state, chosen: { ...state.chosen, agent } }
  return { ...state, chosen: { ...state.chosen, agent, mail: null }, lifted: 0 }
}

function neighbour<T>(rows: T[], now: T | undefined, by: number): T | undefined {
  return rows[clamp((now === undefined ? 0 : rows.indexOf(now)) + by, rows.length - 1)]
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most))
}

function lines(state: State): number {
  return state.screen?.text?.trimEnd().split('\n').length ?? 1
}

export function nextPane(state: State, by: 1 | -1): State {
  return { ...state, pane: panes[(panes.indexOf(state.pane) + by + panes.length) % panes.length] ?? 'agents' }
}

export function nextTab(state: State, by: 1 | -1): State {
  return { ...state, pane: 'mail', tab: tabs[(tabs.indexOf(state.tab) + by + tabs.length) % tabs.length] ?? 'inbox', chosen: { ...state.chosen, mail: null } }
}

/** The next agent that waits for a person or fell over, round and round. */
export function nextTrouble(state: State): Step {
  const rows = shownAgents(state)
  const at = rows.indexOf(chosenAgent(state) as AgentRow)
  const found = [...rows.slice(at + 1), ...rows.slice(0, at + 1)].find(isTrouble)
  return stay(found === undefined ? tell(state, 'No agent waits for you, and none fell over.') : choose({ ...state, pane: 'agents' }, found.agent))
}

export function open(state: State, subject: Subject): Step {
  const { place } = state
  const from = place.name === 'page' ? place.back : place.name
  return stay({ ...browse(state), place: { name: 'page', subject, lines: null, top: 0, back: from } }, { do: 'page', subject })
}

/** Enter: into what is chosen. */
export function drillIn(state: State): Step {
  if (state.place.name === 'approvals') {
    const approval = chosenApproval(state)
    return approval === undefined ? stay(state) : open(state, { of: 'approval', id: approval.id })
  }
  if (state.pane === 'mail') {
    const mail = chosenMail(state)
    return mail === undefined ? stay(state) : open(state, { of: 'message', id: mail.id })
  }
  return withAgent(state, (row) => open(state, { of: 'agent', id: row.agent }))
}

/** Escape: out of a page, then the filter goes, then what was told. */
export function back(state: State): State {
  if (state.place.name === 'page') return { ...state, place: { name: state.place.back } }
  if (state.place.name === 'approvals') return { ...state, place: { name: 'overview' } }
  if (state.told !== null) return { ...state, told: null }
  return { ...state, filter: { ...state.filter, [filterOf(state)]: '' } }
}

export function filterOf({ pane }: Pick<State, 'pane'>): 'agents' | 'mail' {
  return pane === 'mail' ? 'mail' : 'agents'
}

export function approvals(state: State): Step {
  if (state.approvals.length === 0) return stay(tell(browse(state), 'No approval waits for you.'))
  return stay({ ...browse(state), place: { name: 'approvals' } })
}

export function compose(state: State, to: Recipient): Step {
  return stay({ ...state, mode: { name: 'composing', to, field: fieldOf(state.drafts[to.name] ?? '') } })
}

/** To whoever wrote the message that is chosen or read. */
export function reply(state: State): Step {
  const { place } = state
  const message = place.name !== 'page' ? chosenMail(state) : state.mail.find((row) => place.subject.of === 'message' && [row.id, String(row.n)].includes(place.subject.id))
  if (message === undefined) return stay(tell(state, 'No message is chosen.'))
  const to = message.from === 'user' ? message.to : message.from
  return compose(state, { kind: isChannel(to) ? 'channel' : 'agent', name: to })
}

export function broadcast(state: State): Step {
  if (state.channels.length === 0) return stay(tell(state, 'This team has no channel: channels: in its project file declares one.'))
  return stay({ ...state, mode: { name: 'picking', at: 0 } })
}

export function askApprove(state: State, approval: Approval | undefined): Step {
  if (approval === undefined) return stay(tell(state, 'No approval is chosen.'))
  return stay(
    ask(state, {
      title: `Approve ${approval.n}: ${approval.action}, once, by ${approval.agent}?`,
      exactly: [`${approval.origin === 'held' ? 'held' : 'it says'}: ${visible(approval.summary)}`, 'exactly:', ...exactLines(approval.exact)],
      yes: { do: 'decide', id: approval.id, n: approval.n, verdict: 'approve', note: '' },
    }),
  )
}

export function deny(state: State, approval: Approval | undefined): Step {
  if (approval === undefined) return stay(tell(state, 'No approval is chosen.'))
  return stay({ ...state, mode: { name: 'denying', approval, field: fieldOf('') } })
}

/** Stops what runs, starts what does not. */
export function askStartOrStop(state: State): Step {
  return withAgent(state, (row) => (row.phase === 'stopped' || row.phase === 'quarantined' || row.phase === 'blocked' ? askFor('start', state, row) : askFor('stop', state, row)))
}

const consequences = {
  start: 'It starts where it left off; a quarantine and its counters are cleared.',
  stop: 'It is asked to end its work, and stays stopped until it is started.',
  restart: 'It ends and starts again, going on with its conversation; a quarantine is cleared.',
  interrupt: 'The turn that runs is broken off, as if Escape were pressed in its terminal.',
}

export function askFor(what: keyof typeof consequences, state: State, row: AgentRow): Step {
  const doing = `${row.agent} is ${row.phase}${row.detail === '' ? '' : ` (${row.detail})`}.`
  return stay(ask(state, { title: `${what.charAt(0).toUpperCase()}${what.slice(1)} ${nameOf(state, row.agent)}?`, exactly: [doing, consequences[what]], yes: { do: what, agent: row.agent } }))
}

/** What was written and not sent would be gone. */
export function quit(state: State): Step {
  const drafts = Object.entries(state.drafts)
  if (drafts.length === 0) return stay(state, { do: 'quit', code: 0 })
  const exactly = drafts.flatMap(([name, text]) => [`to ${name}, not sent:`, ...text.split('\n')])
  return stay(ask(state, { title: 'Leave, and let go of what you wrote?', exactly, yes: { do: 'quit', code: 0 } }))
}

export function withAgent(state: State, act: (row: AgentRow) => Step): Step {
  const row = agentInView(state)
  return row === undefined ? stay(tell(state, 'No agent is chosen.', true)) : act(row)
}
