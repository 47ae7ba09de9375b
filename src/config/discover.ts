import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { contextsFile, readContexts } from './contexts.ts'
import { findNamed, namedTeams } from './named-teams.ts'
import { composeFile } from './paths.ts'

export interface RootQuery {
  /** Where the walk upwards begins; absolute. */
  cwd: string
  /** What `-C`/`--root` says. */
  flag: string | undefined
  /** What `-T`/`--team` says: the name of a team, or the beginning of one. */
  team?: string | undefined
  /** The environment: the variables below count, empty means unset; HOME and the XDG variables lead to the names of teams. */
  env: Record<string, string | undefined>
}

export interface FoundRoot {
  /** Absolute real path of the folder that holds team-compose.yaml. */
  root: string
  via: '-C' | '-T' | (typeof rootVariables)[number] | typeof teamVariable | 'folder' | 'context'
}

export const rootVariables = ['TROUPE_ROOT', 'TEAMCTL_ROOT'] as const
/** Names a team as `-T` does. */
export const teamVariable = 'TEAM_NAME'

/**
 * The team root: `-C` or `-T` > TROUPE_ROOT > TEAMCTL_ROOT > TEAM_NAME > the nearest folder upwards > the current context.
 * Throws `config` with where it looked, `unknown` for a name that no team has.
 */
export function findRoot(query: RootQuery): FoundRoot {
  const { cwd, flag, team, env } = query
  if (flag !== undefined && team !== undefined) throw new TroupeError('usage', '-C and -T both name a team', { hint: 'give one of them; a working directory is --cwd' })
  if (flag !== undefined) return { root: namedRoot(resolve(cwd, flag), '-C'), via: '-C' }
  if (team !== undefined) return { root: rootNamed(env, team, '-T'), via: '-T' }
  for (const via of rootVariables) {
    const value = env[via]
    if (value !== undefined && value !== '') return { root: namedRoot(resolve(cwd, value), via), via }
  }
  const named = env[teamVariable]
  if (named !== undefined && named !== '') return { root: rootNamed(env, named, teamVariable), via: teamVariable }
  const looked: string[] = []
  const above = climb(query.cwd, looked)
  if (above !== null) return { root: above, via: 'folder' }
  const { current, roots } = readContexts(contextsFile(query.env))
  const root = current === null ? undefined : roots.get(current)
  if (root === undefined) throw nowhere(looked, namedTeams(query.env).map(({ name }) => name))
  if (!isFile(join(root, composeFile))) {
    throw new TroupeError('config', `no team in ${looked[0]} or above it, and the current context ${current} names ${root}, which ${exists(root) ? `holds no ${composeFile}` : 'does not exist'}`, {
      hint: `troupe context use NAME, or troupe context rm ${current}`,
      facts: { looked, context: current, root },
    })
  }
  return { root: realpathSync(root), via: 'context' }
}

function rootNamed(env: RootQuery['env'], name: string, by: string): string {
  return namedRoot(findNamed(env, name, by).root, by)
}

/** A folder that somebody named: a team root, a folder with `.team` in it, or the compose file itself. */
export function namedRoot(path: string, by: string): string {
  const folder = basename(path) === composeFile && isFile(path) ? dirname(path) : path
  const root = [folder, join(folder, '.team')].find((candidate) => isFile(join(candidate, composeFile)))
  if (root !== undefined) return realpathSync(root)
  const why = exists(path) ? `holds no ${composeFile}, nor does ${join(path, '.team')}` : 'does not exist'
  throw new TroupeError('config', `${path}, named by ${by}, ${why}`, {
    hint: `name a team root, or make one: troupe init`,
    facts: { looked: [path] },
  })
}

/** The nearest team above a folder; no context is asked. */
export function aboveOrNull(cwd: string): string | null {
  return climb(cwd, [])
}

/** The same. Throws `config` where there is none. */
export function rootAbove(cwd: string): string {
  const looked: string[] = []
  const found = climb(cwd, looked)
  if (found === null) throw nowhere(looked)
  return found
}

function climb(cwd: string, looked: string[]): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, '.team'), folder]) {
      if (isFile(join(candidate, composeFile))) return realpathSync(candidate)
    }
    looked.push(folder)
    if (dirname(folder) === folder) return null
  }
}

/** `teams`: names of those that are elsewhere. */
function nowhere(looked: string[], teams: string[] = []): TroupeError {
  const [first] = teams
  const others = first === undefined ? '; -C DIR names one elsewhere' : `; elsewhere there ${teams.length === 1 ? 'is' : 'are'} ${teams.slice(0, 5).join(', ')}${teams.length > 5 ? ', …' : ''}: troupe use ${first}, or -T ${first} for one command`
  return new TroupeError('config', `no team here: neither .team/${composeFile} nor ${composeFile} in ${looked.join(', ')}`, {
    hint: `troupe init makes a team here, troupe new NAME one from a sentence${others}`,
    facts: { looked, teams },
  })
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
