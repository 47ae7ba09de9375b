import type { AgentRow } from '../../api/index.ts'
import type { Approval, Mail, State } from './state.ts'

/** What is shown of what is there, and what of that is chosen. */

export function shownAgents({ agents, filter }: State): AgentRow[] {
  return (agents ?? []).filter((row) => holds(filter.agents, row.agent, row.phase, row.detail, row.runtime))
}

export function chosenAgent(state: State): AgentRow | undefined {
  const shown = shownAgents(state)
  return shown.find((row) => row.agent === state.chosen.agent) ?? shown[0]
}

export function shownMail(state: State): Mail[] {
  const rows = state.tab === 'inbox' ? inbox(state) : state.tab === 'channel' ? state.mail.filter(({ to }) => isChannel(to)) : state.mail
  return rows.filter((row) => holds(state.filter.mail, `#${row.n}`, row.from, row.to, row.text, row.state))
}

/** Until those of its own are there, what is known of it. */
function inbox(state: State): Mail[] {
  const agent = chosenAgent(state)?.agent
  return state.inbox !== null && state.inbox.agent === agent ? state.inbox.rows : state.mail.filter(({ from, to }) => from === agent || to === agent)
}

export function chosenMail(state: State): Mail | undefined {
  const shown = shownMail(state)
  return shown.find((row) => row.id === state.chosen.mail) ?? shown[0]
}

/** Oldest first: what waits longest ends first. */
export function shownApprovals({ approvals }: State): Approval[] {
  return approvals.toReversed()
}

export function chosenApproval(state: State): Approval | undefined {
  const shown = shownApprovals(state)
  return shown.find((row) => row.id === state.chosen.approval) ?? shown[0]
}

/** The agent that keys such as `s` are about. */
export function agentInView(state: State): AgentRow | undefined {
  const { place } = state
  if (place.name !== 'page' || (place.subject.of !== 'agent' && place.subject.of !== 'log')) return chosenAgent(state)
  const { id } = place.subject
  return state.agents?.find((row) => row.agent === id)
}

/** The approval that `y` and `d` are about. */
export function approvalInView(state: State): Approval | undefined {
  const { place } = state
  if (place.name === 'approvals') return chosenApproval(state)
  if (place.name !== 'page' || place.subject.of !== 'approval') return undefined
  const { id } = place.subject
  return state.approvals.find((row) => row.id === id)
}

export function isChannel(name: string): boolean {
  return name.includes('#')
}

/** Needs a person, or fell over. */
export function isTrouble({ phase, detail }: Pick<AgentRow, 'phase' | 'detail'>): boolean {
  return ['waiting', 'backoff', 'quarantined', 'parked', 'blocked'].includes(phase) || (phase === 'stopped' && detail.startsWith('failed'))
}

/** Short where the team has no other of that name. */
export function nameOf(state: State, address: string): string {
  const short = address.slice(address.indexOf(':') + 1)
  const same = (state.agents ?? []).filter((row) => row.agent.endsWith(`:${short}`))
  return same.length <= 1 ? short : address
}

function holds(filter: string, ...texts: string[]): boolean {
  const wanted = filter.toLowerCase()
  return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted))
}
