import { helpLines, pageLines, questionLines } from './page.ts'
import type { State } from './state.ts'

/** Nobody scrolls past an end: the way back would be as long. */
export function bounded(state: State): State {
  const { size, mode, place } = state
  if (mode.name === 'help') return { ...state, mode: { ...mode, top: within(mode.top, helpLines(size.columns).length) } }
  if (mode.name === 'confirming') return { ...state, mode: { ...mode, top: within(mode.top, questionLines(mode, size.columns).length) } }
  if (place.name === 'page' && place.top > 0) return { ...state, place: { ...place, top: within(place.top, pageLines(state, size.columns).length - Math.max(1, size.rows - 4)) } }
  return state
}

function within(top: number, most: number): number {
  return Math.max(0, Math.min(top, most))
}
