import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Output as Answer } from '../api/index.ts'
import { teamEnvironment, type TeamEnvironment } from '../config/environment.ts'
import type { Known } from '../config/known.ts'
import { load } from '../config/load.ts'
import { teamPaths } from '../config/paths.ts'
import { teamOrThrow } from '../config/report.ts'
import { resolveAgents } from '../core/address.ts'
import { agentsOf, type Team } from '../core/team.ts'
import { gatewayNames } from '../gateways/index.ts'
import { runtimeNames, runtimeVariables } from '../runtimes/index.ts'
import { supervisorNames } from '../supervisors/index.ts'
import type { Cli, Env } from './cli.ts'

/** What the files may name, as this version has it. */
export const known: Known = { runtimes: runtimeNames, supervisors: supervisorNames, gateways: gatewayNames }

/** The team as its files say, without a daemon. Throws `config`. */
export function teamOf(root: string): Team {
  return teamOrThrow(load(root, known))
}

/** Of what runtime workers may be made that stand in no file yet: of any, where a lead may make them. */
export function comingRuntimes(team: Team): readonly string[] {
  return agentsOf(team).some(({ canSpawn }) => canSpawn) ? runtimeNames.ready : []
}

/** The values that agents may get of this environment and of `.env`. Says what the files name and nothing sets. */
export function environmentOf(root: string, { env, out }: Pick<Cli, 'env' | 'out'>): Record<string, string> {
  const found = given(root, env, [])
  for (const problem of found.problems) out.warn(problem)
  for (const variable of found.missing) out.warn(`${variable.name} is not set (named by ${variable.from.map(({ what }) => what).join(', ')})`)
  return found.values
}

/** The same for workers that are about to be made, of these runtimes too. Without a word: `up` said it. */
export function environmentFor(runtimes: readonly string[], root: string, { env }: Pick<Cli, 'env'>): Record<string, string> {
  return given(root, env, runtimes).values
}

function given(root: string, env: Env, more: readonly string[]): TeamEnvironment {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const team = teamOf(root)
  return teamEnvironment(team, Object.fromEntries(set), runtimeVariables, [...more, ...comingRuntimes(team)])
}

export function namesOf(root: string): { agents: string[]; channels: string[]; projects: string[] } {
  const team = teamOf(root)
  return {
    agents: agentsOf(team).map((agent) => agent.address),
    projects: team.projects.map(({ id }) => id),
    channels: [...new Set(team.projects.flatMap((project) => project.channels.map((channel) => channel.name)))],
  }
}

/** The same answer as the operation `logs`, from the files alone and without a screen. */
export function logsOf(root: string, names: string[]): Answer<'logs'> {
  const team = teamOf(root)
  const paths = teamPaths(team.root)
  return resolveAgents(team, names).map(({ address, project, id }) => {
    const file = join(paths.agentFolder(project, id), 'supervisor.log')
    const previous = Array.from({ length: team.limits.logFiles }, (_, n) => `${file}.${n + 1}`).filter((each) => existsSync(each))
    return { agent: address, file, previous, screen: null }
  })
}
