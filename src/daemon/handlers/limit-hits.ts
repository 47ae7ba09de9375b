import type { HookState } from '../../core/limit-hit.ts'
import type { Output } from '../../api/index.ts'
import type { Parts } from '../parts.ts'

/** As teamctl shows. */
const shown = 5

/** The limits an agent ran into last, newest first, with what was done about each. */
export async function limitHits(parts: Parts, agent: string): Promise<NonNullable<Output<'inspect'>['limitHits']>> {
  const hits = await parts.store.read((db) => db.limitHits.recent(agent, shown))
  return hits.map(({ at, resetsAt, until, raw, hooks }) => ({
    ...{ at, resetsAt, until, raw },
    hooks: hooks.map(({ name, action, attempts, state }) => ({ name, action, attempts, state: state.is, what: whatOf(state) })),
  }))
}

function whatOf(state: HookState): string {
  switch (state.is) {
    case 'done':
      return state.what
    case 'failed':
    case 'retry':
      return state.why
    default:
      return ''
  }
}
