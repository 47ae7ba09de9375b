import type { HeldValues } from '../api/wire.ts'
import type { Client } from '../client/client.ts'
import { ensureDaemon } from '../client/start.ts'
import { daemonEnvironment, teamEnvironment } from '../config/environment.ts'
import { load } from '../config/load.ts'
import { teamPaths } from '../config/paths.ts'
import { runtimeVariables } from '../runtimes/index.ts'
import { programPath } from '../util/programs.ts'
import type { Env } from './cli.ts'
import type { Output } from './output.ts'
import { comingRuntimes, known } from './team-files.ts'

/** The daemon of this release, with its keeper; with the values that an earlier one held, else those of this environment. */
export async function startDaemon(root: string, { env, out }: { env: Env; out: Output }, held: HeldValues | null): Promise<Client> {
  const { operatorSocket: socket, daemonLog: log } = teamPaths(root)
  const done = out.progress('starting the daemon')
  const starting = startingWith(root, env)
  return ensureDaemon({
    root,
    socket,
    log,
    node: [process.execPath],
    daemonProgram: programPath('daemon'),
    keeperProgram: programPath('keeper'),
    env: starting.env,
    values: held ?? starting.values,
  }).finally(done)
}

/** What a daemon that is started now gets of this environment: little that others can read, and in memory what agents may need. */
function startingWith(root: string, env: Env): { env: Record<string, string>; values: HeldValues } {
  const set = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const { team } = load(root, known)
  return {
    env: daemonEnvironment(set, team?.broker ?? null),
    // Nobody knows what agents of broken files may need; each gets no more than it declared when it was applied.
    // Of whatever shell asked first: what somebody brought with `up`, and a keeper still holds, wins.
    values: { at: 0, env: team === null ? set : teamEnvironment(team, set, runtimeVariables, comingRuntimes(team)).values },
  }
}
