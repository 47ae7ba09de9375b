import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { composeFile } from './paths.ts'

export interface RootQuery {
  /** Where the walk upwards begins; absolute. */
  cwd: string
  /** What `-C`/`--root` says. */
  flag: string | undefined
  /** The environment: TROUPE_ROOT and TEAMCTL_ROOT count, empty means unset. */
  env: Record<string, string | undefined>
}

export interface FoundRoot {
  /** Absolute real path of the folder that holds team-compose.yaml. */
  root: string
  via: '-C' | 'TROUPE_ROOT' | 'TEAMCTL_ROOT' | 'folder'
}

const variables = ['TROUPE_ROOT', 'TEAMCTL_ROOT'] as const

/** The team root: `-C` > TROUPE_ROOT > TEAMCTL_ROOT > the nearest folder upwards. Throws `config` with where it looked. */
export function findRoot(query: RootQuery): FoundRoot {
  if (query.flag !== undefined) return { root: named(resolve(query.cwd, query.flag), '-C'), via: '-C' }
  for (const via of variables) {
    const value = query.env[via]
    if (value !== undefined && value !== '') return { root: named(resolve(query.cwd, value), via), via }
  }
  return { root: nearestRoot(query.cwd), via: 'folder' }
}

/** A folder that somebody named: a team root, a folder with `.team` in it, or the compose file itself. */
function named(path: string, by: string): string {
  const folder = basename(path) === composeFile && isFile(path) ? dirname(path) : path
  const root = [folder, join(folder, '.team')].find((candidate) => isFile(join(candidate, composeFile)))
  if (root !== undefined) return realpathSync(root)
  const why = exists(path) ? `holds no ${composeFile}, nor does ${join(path, '.team')}` : 'does not exist'
  throw new TroupeError('config', `${path}, named by ${by}, ${why}`, {
    hint: `name a team root, or make one: troupe init`,
    facts: { looked: [path] },
  })
}

function nearestRoot(cwd: string): string {
  const looked: string[] = []
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, '.team'), folder]) {
      if (isFile(join(candidate, composeFile))) return realpathSync(candidate)
    }
    looked.push(folder)
    if (dirname(folder) === folder) break
  }
  throw new TroupeError('config', `no team here: neither .team/${composeFile} nor ${composeFile} in ${looked.join(', ')}`, {
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
