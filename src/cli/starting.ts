import type { HeldValues } from '../api/wire.ts'
import { daemonEnvironment, teamEnvironment } from '../config/environment.ts'
import { load } from '../config/load.ts'
import { runtimeVariables } from '../runtimes/index.ts'
import type { Env } from './cli.ts'
import { known } from './team-files.ts'

/** What a daemon that is started now gets of this environment: little that others can read, and in memory what agents may need. */
export function startingWith(root: string, env: Env): { env: Record<string, string>; values: HeldValues } {
  const set = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const { team } = load(root, known)
  return {
    env: daemonEnvironment(set, team?.broker ?? null),
    // Nobody knows what agents of broken files may need; each gets no more than it declared when it was applied.
    values: { at: Date.now(), env: team === null ? set : teamEnvironment(team, set, runtimeVariables).values },
  }
}
