import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Env } from './contexts.ts'

/**
 * Where troupe keeps what belongs to a person and to no team's folder: TROUPE_HOME, else `troupe` in XDG_DATA_HOME where
 * that is set, else `~/.troupe`. Absolute. A variable that is empty or not absolute counts as unset.
 */
export function troupeHome(env: Env): string {
  const { TROUPE_HOME: own, XDG_DATA_HOME: data, HOME: home } = env
  if (own !== undefined && isAbsolute(own)) return own
  if (data !== undefined && isAbsolute(data)) return join(data, 'troupe')
  return join(home === undefined || home === '' ? homedir() : home, '.troupe')
}

/** Each folder in it is the root of an ad-hoc team, of the same name. */
export function teamsFolder(env: Env): string {
  return join(troupeHome(env), 'teams')
}
