import type { Limit } from './budget.ts'
import type { Nano } from './money.ts'

/** A model call under way, or about to be. `most`: what it can cost at the most; Infinity where that is not known. */
export interface Call {
  agent: string
  project: string
  most: Nano
}

/**
 * Whether a call may begin beside those under way, so that what passes a ceiling is at most one call: alone it may,
 * as long as something is left; with others only if all of them fit below each ceiling that it counts against.
 */
export function mayBegin(call: Call, underWay: readonly Call[], ceilings: readonly { limit: Limit; left: Nano }[]): boolean {
  return ceilings.every(({ limit, left }) => {
    const beside = underWay.filter((other) => countsAgainst(other, limit))
    return beside.length === 0 || call.most === 0 || beside.reduce((sum, { most }) => sum + most, call.most) <= left
  })
}

function countsAgainst({ agent, project }: Call, { scope, id }: Limit): boolean {
  return scope === 'team' || id === (scope === 'project' ? project : agent)
}
