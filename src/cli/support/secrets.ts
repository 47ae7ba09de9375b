import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDotenv } from '../../config/dotenv.ts'
import type { Paths } from '../../config/paths.ts'
import { teamVariables } from '../../config/variables.ts'
import { agentsOf, type Team } from '../../core/team.ts'
import { runtimeNames, runtimeVariables } from '../../runtimes/index.ts'
import type { Env } from '../cli.ts'

const secretName = /token|secret|key|passw|passphrase|credential|auth|_url$|cookie/i

/**
 * Values that must not leave this machine: variables that the team's files or a runtime name, everything in `.env`,
 * whatever a variable's name calls a secret, and troupe's own token.
 */
export function secretsOf(env: Env, paths: Paths | null, team: Team | null): string[] {
  const named = new Set([
    ...(team === null ? [] : teamVariables(team).map((variable) => variable.name)),
    ...[...runtimeNames.ready, ...runtimeNames.planned].flatMap(runtimeVariables),
  ])
  const ours = Object.entries(env).flatMap(([name, value]) => (value !== undefined && (named.has(name) || secretName.test(name)) ? [value] : []))
  const written = paths === null ? [] : Object.values(readDotenv(paths.root).values)
  const servers = team === null ? [] : agentsOf(team).flatMap(({ mcps, descriptor }) => [...Object.values(mcps).flatMap((one) => Object.values(one.env)), ...Object.values(descriptor?.env ?? {})])
  return [...ours, ...written, ...servers, ...operatorToken(paths)]
}

function operatorToken(paths: Paths | null): string[] {
  if (paths === null) return []
  try {
    return [readFileSync(join(paths.run, 'operator.token'), 'utf8').trim()]
  } catch {
    return [] // never made, or not readable: then nothing here can have read it either
  }
}
