import { TroupeError } from '../../core/error.ts'
import type { Given } from '../given.ts'

/** How long running turns may take before an end: `--now`, or a duration; ms. Null: as the team's files say. */
export function drainOf(given: Given, flag: 'drain' | 'timeout' = 'drain'): number | null {
  const time = given.duration(flag) ?? null
  if (given.flag('now') && time !== null) throw new TroupeError('usage', `--now and --${flag} are given`, { hint: 'one of the two' })
  return given.flag('now') ? 0 : time
}
