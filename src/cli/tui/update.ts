import { chosenAgent } from './chosen.ts'
import { dialogKey, left, pasted } from './dialogs.ts'
import { emptyField } from './field.ts'
import type { Key } from './key.ts'
import { bindingOf } from './keys.ts'
import { allParts, browse, stay, tell, type Event, type Place, type State, type Step, type Subject } from './state.ts'

/** Everything that can happen, and what follows from it. Touches nothing. */
export function update(state: State, event: Event): Step {
  const { state: next, effects } = follow(state, event)
  const agent = chosenAgent(next)?.agent
  if (agent === undefined || agent === chosenAgent(state)?.agent) return { state: next, effects }
  return { state: next, effects: [...effects, { do: 'load', parts: ['inbox'] }] }
}

function follow(state: State, event: Event): Step {
  switch (event.on) {
    case 'key':
      return pressed({ ...state, told: state.mode.name === 'browsing' ? null : state.told }, event.key)
    case 'paste':
      return pasted(state, event.text)
    case 'size':
      return stay({ ...state, size: event.size })
    case 'tick':
      return stay({ ...state, now: event.now })
    case 'link':
      return linked(state, event.link)
    case 'news':
      return stay(state, { do: 'load', parts: event.parts })
    case 'loaded': {
      const { on: _, ...found } = event
      return stay(consistent({ ...state, ...found }))
    }
    case 'screen':
      return stay({ ...state, screen: { agent: event.agent, text: event.text, why: event.why } })
    case 'page':
      return stay(isAbout(state.place, event.subject) ? { ...state, place: { ...state.place, lines: event.lines } } : state)
    case 'challenge':
      return stay({ ...left(state), mode: { name: 'proving', n: event.n, field: emptyField } })
    case 'sent': {
      // What was begun to the same one meanwhile is kept.
      const { [event.to]: draft, ...others } = state.drafts
      return stay(tell({ ...state, drafts: draft === event.said ? others : state.drafts }, event.text))
    }
    case 'told':
      return stay(tell(state, event.text, event.bad))
  }
}

function pressed(state: State, key: Key): Step {
  if (state.mode.name !== 'browsing') return dialogKey(state, key)
  if (key.name === 'ctrl-c') return stay(state, { do: 'quit', code: 130 })
  return bindingOf(state, key.name)?.does(state) ?? stay(state)
}

/** Back again: what was missed is asked for. */
function linked(state: State, link: State['link']): Step {
  const next = { ...state, link }
  if (link.name !== 'live') return stay(next)
  return stay(state.link.name === 'lost' ? tell(next, 'The daemon is back.') : next, { do: 'load', parts: allParts })
}

function isAbout(place: Place, subject: Subject): place is Extract<Place, { name: 'page' }> {
  return place.name === 'page' && place.subject.of === subject.of && place.subject.id === subject.id
}

/** A question about an approval that was decided elsewhere, or ran out, is no question any more. */
function consistent(state: State): State {
  const { mode } = state
  const id = mode.name === 'denying' ? mode.approval.id : mode.name === 'confirming' && mode.question.yes.do === 'decide' ? mode.question.yes.id : null
  const gone = id !== null && !state.approvals.some((row) => row.id === id)
  const next = gone ? tell(browse(state), 'That approval waits no more: it was decided elsewhere, or its time was over.', true) : state
  return next.place.name === 'approvals' && next.approvals.length === 0 ? { ...next, place: { name: 'overview' } } : next
}
