import { compose, filterOf } from './actions.ts'
import { complete, run } from './commands.ts'
import { edit, fieldOf, insert, type Field } from './field.ts'
import type { Key } from './key.ts'
import { browse, stay, tell, type Mode, type State, type Step } from './state.ts'

/** Keys while something is typed or asked. Escape and Ctrl-C always lead out, with nothing done. */
export function dialogKey(state: State, key: Key): Step {
  const { mode } = state
  if (key.name === 'escape' || key.name === 'ctrl-c') return mode.name === 'proving' ? stay(tell(browse(state), 'Nothing was done.'), { do: 'prove', passphrase: null }) : stay(left(state))
  switch (mode.name) {
    case 'filtering':
      return key.name === 'enter' ? stay(browse(state)) : typed(state, edit(mode.field, key))
    case 'command':
      if (key.name === 'enter') return run(state, mode.field.text)
      if (key.name === 'tab') return stay(completed(state, mode.field))
      return mode.field.text === '' && key.name === 'backspace' ? stay(browse(state)) : typed(state, edit(mode.field, key))
    case 'picking':
      return picked(state, mode.at, key)
    case 'composing':
      if (key.name === 'enter') return sent(state, mode)
      return typed(state, newLine(key) ? insert(mode.field, '\n') : edit(mode.field, key))
    case 'denying': {
      const { id, n } = mode.approval
      return key.name === 'enter' ? stay(browse(state), { do: 'decide', id, n, verdict: 'deny', note: mode.field.text.trim() }) : typed(state, edit(mode.field, key))
    }
    case 'proving':
      return key.name === 'enter' && mode.field.text !== '' ? stay(browse(state), { do: 'prove', passphrase: mode.field.text }) : typed(state, edit(mode.field, key))
    case 'confirming':
      return answered(state, mode, key)
    case 'help':
      return ['q', '?', 'enter'].includes(key.name) ? stay(browse(state)) : stay({ ...state, mode: { ...mode, top: scrolled(mode.top, key) } })
    case 'browsing':
      return stay(state)
  }
}

/** What is pasted never acts: it is text, or nothing. */
export function pasted(state: State, text: string): Step {
  const { mode } = state
  if (!('field' in mode)) return stay(state)
  const asItIs = mode.name === 'composing' || mode.name === 'proving'
  return typed(state, insert(mode.field, asItIs ? text.replace(/\r?\n$/, '') : text.replace(/\s+/g, ' ')))
}

/** Terminals send Alt+Enter or Ctrl-J for another line; all of them can send one of the two. */
function newLine(key: Key): boolean {
  return key.name === 'ctrl-j' || key.name === 'alt-enter'
}

function typed(state: State, field: Field | null): Step {
  const { mode } = state
  if (field === null || !('field' in mode)) return stay(state)
  const next = { ...state, mode: { ...mode, field, ...(mode.name === 'command' ? { offered: [] } : {}) } as Mode }
  return stay(mode.name === 'filtering' ? { ...next, filter: { ...state.filter, [filterOf(state)]: field.text } } : next)
}

/** What was written stays for the next time; a filter that was not finished goes. */
export function left(state: State): State {
  const { mode } = state
  if (mode.name === 'composing' && mode.field.text.trim() !== '') {
    return tell({ ...browse(state), drafts: { ...state.drafts, [mode.to.name]: mode.field.text } }, `Not sent; what you wrote to ${mode.to.name} is kept.`)
  }
  return mode.name === 'filtering' ? { ...browse(state), filter: { ...state.filter, [filterOf(state)]: '' } } : browse(state)
}

function completed(state: State, field: Field): State {
  const { text, offered } = complete(state, field.text)
  return { ...state, mode: { name: 'command', field: fieldOf(text), offered } }
}

function picked(state: State, at: number, key: Key): Step {
  const last = state.channels.length - 1
  const channel = state.channels[at]
  if (key.name === 'enter' && channel !== undefined) return compose(state, { kind: 'channel', name: channel })
  const next = key.name === 'j' || key.name === 'down' ? at + 1 : key.name === 'k' || key.name === 'up' ? at - 1 : at
  return stay({ ...state, mode: { name: 'picking', at: Math.max(0, Math.min(next, last)) } })
}

/** It is kept as a draft until the daemon has it. */
function sent(state: State, { to, field }: Extract<Mode, { name: 'composing' }>): Step {
  if (field.text.trim() === '') return stay(tell(state, 'There is nothing to send yet. Esc: not now.'))
  return stay({ ...browse(state), drafts: { ...state.drafts, [to.name]: field.text } }, { do: 'send', to, text: field.text })
}

/** Only y does it: a key that was meant for something else never does. */
function answered(state: State, mode: Extract<Mode, { name: 'confirming' }>, key: Key): Step {
  if (key.name === 'y' || key.name === 'Y') return stay(browse(state), mode.question.yes)
  if (['n', 'N', 'q', 'enter'].includes(key.name)) return stay(tell(browse(state), 'Nothing was done.'))
  return stay({ ...state, mode: { ...mode, top: scrolled(mode.top, key) } })
}

function scrolled(top: number, { name }: Key): number {
  const by: Record<string, number> = { j: 1, down: 1, k: -1, up: -1, pagedown: 10, space: 10, pageup: -10, g: -Infinity, home: -Infinity }
  return Math.max(0, top + (by[name] ?? 0))
}
