import { approvals, askApprove, askFor, askStartOrStop, back, broadcast, compose, deny, drillIn, filterOf, move, nextPane, nextTab, nextTrouble, open, quit, reply, withAgent } from './actions.ts'
import { approvalInView } from './chosen.ts'
import { fieldOf } from './field.ts'
import { allParts, stay, type State, type Step } from './state.ts'

/** What a key does while nothing is being typed or asked. The table is the help, the hints in the last line, and the handler. */
export interface Binding {
  keys: string[]
  /** As people write them. */
  shown: string
  about: string
  /** One or two words for the last line; left out of it where there are none. */
  hint?: string
  /** Whether it means anything here. */
  here: (state: State) => boolean
  does: (state: State) => Step
}

const overview = ({ place }: State): boolean => place.name === 'overview'
const anywhere = (): boolean => true
const onAgent = ({ place }: State): boolean => place.name === 'overview' || (place.name === 'page' && ['agent', 'log'].includes(place.subject.of))
const onApproval = (state: State): boolean => approvalInView(state) !== undefined
const onMail = ({ place, pane }: State): boolean => (place.name === 'overview' ? pane === 'mail' : place.name === 'page' && place.subject.of === 'message')
const inside = (state: State): boolean => !overview(state)

/** Lines of a page; what does not fit is kept within bounds where it is drawn. */
const page = ({ size }: State): number => Math.max(1, size.rows - 8)

export const bindings: Binding[] = [
  { keys: ['q', 'escape'], shown: 'q Esc', about: 'back', hint: 'back', here: inside, does: (state) => stay(back(state)) },
  { keys: ['q'], shown: 'q', about: 'quit; the team goes on', hint: 'quit', here: overview, does: quit },
  { keys: ['?'], shown: '?', about: 'this help', hint: 'help', here: anywhere, does: (state) => stay({ ...state, mode: { name: 'help', top: 0 } }) },
  { keys: ['y'], shown: 'y', about: 'approve, after a question that shows the exact action', hint: 'approve', here: onApproval, does: (state) => askApprove(state, approvalInView(state)) },
  { keys: ['d', 'N', 'n'], shown: 'd N', about: 'deny, with a word to the agent', hint: 'deny', here: onApproval, does: (state) => deny(state, approvalInView(state)) },
  { keys: ['enter'], shown: 'Enter', about: 'all about what is chosen: agent, message, approval', hint: 'open', here: ({ place }) => place.name !== 'page', does: drillIn },
  { keys: ['a'], shown: 'a', about: 'approvals that wait for you', hint: 'approvals', here: ({ place }) => place.name !== 'approvals', does: approvals },
  {
    keys: ['@'], shown: '@', about: 'write to the agent', hint: 'write', here: onAgent,
    does: (state) => withAgent(state, (row) => compose(state, { kind: 'agent', name: row.agent })),
  },
  { keys: ['!'], shown: '!', about: 'write to a channel', hint: 'channel', here: overview, does: broadcast },
  { keys: ['r'], shown: 'r', about: 'answer the message', hint: 'answer', here: onMail, does: reply },
  { keys: ['tab'], shown: 'Tab', about: 'next pane (Shift+Tab: the one before)', hint: 'pane', here: overview, does: (state) => stay(nextPane(state, 1)) },
  { keys: ['shift-tab'], shown: 'Shift+Tab', about: 'pane before', here: overview, does: (state) => stay(nextPane(state, -1)) },
  { keys: [']'], shown: ']', about: 'next of Inbox, Channel, Wire', here: overview, does: (state) => stay(nextTab(state, 1)) },
  { keys: ['['], shown: '[', about: 'the one before', here: overview, does: (state) => stay(nextTab(state, -1)) },
  { keys: ['z'], shown: 'z', about: 'the pane alone, over the whole screen; again: all of them', here: overview, does: (state) => stay({ ...state, alone: !state.alone }) },
  {
    keys: ['/'], shown: '/', about: 'filter the pane', hint: 'filter', here: overview,
    does: (state) => stay({ ...state, mode: { name: 'filtering', field: fieldOf(state.filter[filterOf(state)]) } }),
  },
  { keys: [':'], shown: ':', about: 'a command; Tab completes it', hint: 'command', here: anywhere, does: (state) => stay({ ...state, mode: { name: 'command', field: fieldOf(''), offered: [] } }) },
  { keys: ['s'], shown: 's', about: 'stop the agent, or start it; asks first', hint: 'stop/start', here: onAgent, does: askStartOrStop },
  { keys: ['S'], shown: 'S', about: 'restart the agent; asks first', here: onAgent, does: (state) => withAgent(state, (row) => askFor('restart', state, row)) },
  { keys: ['i'], shown: 'i', about: 'interrupt its turn; asks first', here: onAgent, does: (state) => withAgent(state, (row) => askFor('interrupt', state, row)) },
  { keys: ['l'], shown: 'l', about: 'look at its own terminal (troupe attach); Ctrl-b d comes back', hint: 'terminal', here: onAgent, does: (state) => withAgent(state, (row) => stay(state, { do: 'attach', agent: row.agent })) },
  { keys: ['L'], shown: 'L', about: 'its log', here: onAgent, does: (state) => withAgent(state, (row) => open(state, { of: 'log', id: row.agent })) },
  { keys: ['n'], shown: 'n', about: 'next agent that waits for you or fell over', here: overview, does: nextTrouble },
  { keys: ['down', 'j'], shown: '↓ j', about: 'down', here: anywhere, does: (state) => stay(move(state, 1)) },
  { keys: ['up', 'k'], shown: '↑ k', about: 'up', here: anywhere, does: (state) => stay(move(state, -1)) },
  { keys: ['g', 'home'], shown: 'g Home', about: 'first', here: anywhere, does: (state) => stay(move(state, -Infinity)) },
  { keys: ['G', 'end'], shown: 'G End', about: 'last', here: anywhere, does: (state) => stay(move(state, Infinity)) },
  { keys: ['pagedown', 'space', 'ctrl-d'], shown: 'PgDn Space', about: 'a page down', here: anywhere, does: (state) => stay(move(state, page(state))) },
  { keys: ['pageup', 'ctrl-u'], shown: 'PgUp', about: 'a page up', here: anywhere, does: (state) => stay(move(state, -page(state))) },
  { keys: ['escape'], shown: 'Esc', about: 'take the filter away', here: overview, does: (state) => stay(back(state)) },
  { keys: ['ctrl-l'], shown: 'Ctrl-L', about: 'ask and draw everything anew', here: anywhere, does: (state) => stay(state, { do: 'redraw' }, { do: 'load', parts: allParts }) },
  { keys: ['ctrl-z'], shown: 'Ctrl-Z', about: 'suspend; fg comes back', here: anywhere, does: (state) => stay(state, { do: 'suspend' }) },
]

export function bindingOf(state: State, key: string): Binding | undefined {
  return bindings.find((each) => each.keys.includes(key) && each.here(state))
}
