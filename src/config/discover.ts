import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { contextsFile, readContexts } from './contexts.ts'
import { composeFile } from './paths.ts'

export interface RootQuery {
  /** Where the walk upwards begins; absolute. */
  cwd: string
  /** What `-C`/`--root` says. */
  flag: string | undefined
  /** The environment: TROUPE_ROOT and TEAMCTL_ROOT count, empty means unset; HOME and XDG_CONFIG_HOME lead to the contexts. */
  env: Record<string, string | undefined>
}

export interface FoundRoot {
  /** Absolute real path of the folder that holds team-compose.yaml. */
  root: string
  via: '-C' | 'TROUPE_ROOT' | 'TEAMCTL_ROOT' | 'folder' | 'context'
}

export const rootVariables = ['TROUPE_ROOT', 'TEAMCTL_ROOT'] as const

/** The team root: `-C` > TROUPE_ROOT > TEAMCTL_ROOT > the nearest folder upwards > the current context. Throws `config` with where it looked. */
export function findRoot(query: RootQuery): FoundRoot {
  if (query.flag !== undefined) return { root: namedRoot(resolve(query.cwd, query.flag), '-C'), via: '-C' }
  for (const via of rootVariables) {
    const value = query.env[via]
    if (value !== undefined && value !== '') return { root: namedRoot(resolve(query.cwd, value), via), via }
  }
  const looked: string[] = []
  const above = climb(query.cwd, looked)
  if (above !== null) return { root: above, via: 'folder' }
  const { current, roots } = readContexts(contextsFile(query.env))
  const root = current === null ? undefined : roots.get(current)
  if (root === undefined) throw nowhere(looked)
  if (!isFile(join(root, composeFile))) {
    throw new TroupeError('config', `no team in ${looked[0]} or above it, and the current context ${current} names ${root}, which ${exists(root) ? `holds no ${composeFile}` : 'does not exist'}`, {
      hint: `troupe context use NAME, or troupe context rm ${current}`,
      facts: { looked, context: current, root },
    })
  }
  return { root: realpathSync(root), via: 'context' }
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

function nowhere(looked: string[]): TroupeError {
  return new TroupeError('config', `no team here: neither .team/${composeFile} nor ${composeFile} in ${looked.join(', ')}`, {
    hint: 'troupe init makes a team here; -C DIR names one elsewhere',
    facts: { looked },
  })
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
