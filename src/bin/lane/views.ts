import type { LaneFact, LaneView } from '../../util/lane-link.ts'
import { brief, fieldsOf, type Shown, type View } from './shown.ts'
import { acpView, threadsView } from './view-rpc.ts'
import { itemsView, partsView } from './view-steps.ts'
import { streamView } from './view-stream.ts'

const views: { [name in LaneView]: () => View } = {
  'stream-json': streamView,
  'exec-json': itemsView,
  'run-json': partsView,
  acp: acpView,
  'app-server': threadsView,
  text: () => () => [],
}

/** What a person at the pane sees of an entry. What is no JSON object is shown as it is. */
export function viewOf(name: LaneView): (fact: LaneFact) => Shown[] {
  const view = views[name]()
  return (fact) => {
    switch (fact.kind) {
      case 'out':
      case 'in': {
        const event = parse(fact.text)
        if (event !== null) return view(event, fact.kind)
        return fact.kind === 'out' ? [{ who: 'more', text: fact.text }] : []
      }
      case 'err':
        return [{ who: 'note', text: brief(fact.text) }]
      case 'note':
        return [{ who: 'error', text: fact.text }]
      case 'exit':
        return [{ who: 'note', text: fact.signal === null ? `ended, exit ${fact.code ?? '?'}` : `ended by ${fact.signal}` }]
      case 'typed':
      case 'interrupt':
        return []
    }
  }
}

function parse(text: string): ReturnType<typeof fieldsOf> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? fieldsOf(value) : null
  } catch {
    return null
  }
}
