import { nearest } from '../../core/nearest.ts'
import { candidates } from '../candidates.ts'
import type { Language } from '../tree/syntax.ts'
import { approvals, askApprove, askFor, broadcast, choose, compose, deny, open, quit } from './actions.ts'
import { nameOf } from './chosen.ts'
import { fieldOf } from './field.ts'
import type { AgentRow } from '../../api/index.ts'
import { allParts, browse, stay, tell, type State, type Step } from './state.ts'

/** What `:` understands: names and order of words as on the command line. */

type Run = (state: State, words: string[]) => Step

const commands: Record<string, Run> = {
  ps: (state) => stay({ ...state, place: { name: 'overview' }, pane: 'agents' }, { do: 'load', parts: allParts }),
  mail: (state, [name]) => {
    const shown: State = { ...state, place: { name: 'overview' }, pane: 'mail', tab: name === undefined ? 'wire' : 'inbox' }
    return name === undefined ? stay(shown) : ofAgent(shown, name, (row) => stay(choose(shown, row.agent)))
  },
  approvals: (state) => approvals(state),
  approve: (state, [id = '']) => askApprove(state, approvalOf(state, id)),
  deny: (state, [id = '']) => deny(state, approvalOf(state, id)),
  inspect: (state, [name]) => ofAgent(state, name, (row) => open(choose(state, row.agent), { of: 'agent', id: row.agent })),
  logs: (state, [name]) => ofAgent(state, name, (row) => open(choose(state, row.agent), { of: 'log', id: row.agent })),
  attach: (state, [name]) => ofAgent(state, name, (row) => stay(state, { do: 'attach', agent: row.agent })),
  start: (state, [name]) => ofAgent(state, name, (row) => askFor('start', state, row)),
  stop: (state, [name]) => ofAgent(state, name, (row) => askFor('stop', state, row)),
  restart: (state, [name]) => ofAgent(state, name, (row) => askFor('restart', state, row)),
  interrupt: (state, [name]) => ofAgent(state, name, (row) => askFor('interrupt', state, row)),
  send: (state, [name, ...text]) => ofAgent(state, name, (row) => written(state, { kind: 'agent', name: row.agent }, text)),
  broadcast: (state, [name, ...text]) => {
    if (name === undefined) return broadcast(state)
    const channel = state.channels.find((each) => each === name || each.slice(each.indexOf('#') + 1) === name.replace(/^#/, ''))
    return channel === undefined ? stay(tell(state, `There is no channel ${name}.`, true)) : written(state, { kind: 'channel', name: channel }, text)
  },
  explain: (state, [kind, id]) => {
    if (kind === 'agent') return ofAgent(state, id, (row) => open(choose(state, row.agent), { of: 'agent', id: row.agent }))
    if (id === undefined) return stay(tell(state, 'explain message ID', true))
    return open(state, { of: 'message', id: id.replace(/^#/, '') })
  },
  help: (state) => stay({ ...state, mode: { name: 'help', top: 0 } }),
  quit,
}

const short: Record<string, string> = { q: 'quit', 'q!': 'quit', wq: 'quit', status: 'ps', pending: 'approvals' }

export function run(state: State, typed: string): Step {
  const [word = '', ...words] = typed.trim().split(/\s+/)
  const then = browse(state)
  if (word === '') return stay(then)
  const command = commands[short[word] ?? word]
  if (command !== undefined) return command(then, words)
  const meant = nearest(word, Object.keys(commands))
  const known = state.language.commands.some(({ name, alias }) => name === word || alias === word)
  if (known) return stay(tell(then, `${word} is not for this page. In a terminal: troupe ${typed.trim()}`, true))
  return stay(tell(then, `There is no command ${word}.${meant === undefined ? ' : then Tab shows what there is.' : ` Did you mean ${meant}?`}`, true))
}

/** With Tab: as far as all that fits agrees; what fits is offered where there is a choice. */
export function complete(state: State, typed: string): { text: string; offered: string[] } {
  const words = typed.split(/\s+/)
  const last = words.at(-1) ?? ''
  const fitting = offers(state, words).filter((each) => each.startsWith(last))
  const [first] = fitting
  if (first === undefined) return { text: typed, offered: [] }
  const filled = fitting.length === 1 ? `${first} ` : fitting.reduce(common)
  return { text: typed.slice(0, typed.length - last.length) + filled, offered: fitting.length === 1 ? [] : fitting }
}

function offers(state: State, words: string[]): string[] {
  const { fixed, live } = candidates(words, languageOf(state.language))
  const pages = words.length === 1 ? ['help', 'quit'] : []
  if (live === 'channels') return state.channels.map((each) => each.slice(each.indexOf('#') + 1))
  if (live === 'agents') return (state.agents ?? []).flatMap(({ agent }) => [...new Set([nameOf(state, agent), agent])])
  return [...fixed.filter((each) => !each.startsWith('-')), ...pages].toSorted()
}

/** Of the whole command line only what this page does. */
function languageOf({ commands: all }: Language): Language {
  return { commands: all.filter(({ name }) => Object.hasOwn(commands, name)), options: [] }
}

function common(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return one.slice(0, length)
}

function ofAgent(state: State, name: string | undefined, act: (row: AgentRow) => Step): Step {
  const rows = state.agents ?? []
  if (name === undefined) return stay(tell(state, 'Name an agent.', true))
  const found = rows.filter(({ agent }) => agent === name || agent.endsWith(`:${name}`))
  const [row] = found
  if (row !== undefined && found.length === 1) return act(row)
  if (row !== undefined) return stay(tell(state, `There are ${found.length} agents ${name}: ${found.map(({ agent }) => agent).join(', ')}`, true))
  const meant = nearest(name, rows.map(({ agent }) => nameOf(state, agent)))
  return stay(tell(state, `There is no agent ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`, true))
}

function written(state: State, to: { kind: 'agent' | 'channel'; name: string }, text: string[]): Step {
  const begun = compose(state, to)
  if (text.length === 0 || begun.state.mode.name !== 'composing') return begun
  return stay({ ...begun.state, mode: { ...begun.state.mode, field: fieldOf(text.join(' ')) } })
}

function approvalOf({ approvals: rows }: State, id: string): State['approvals'][number] | undefined {
  return rows.find((row) => String(row.n) === id.replace(/^#/, '') || row.id === id)
}
