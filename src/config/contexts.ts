import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { readText } from './text.ts'

/** Teams that have a name of their own for one person, and the one that counts where no other is named. */
export interface Contexts {
  current: string | null
  /** Name → absolute root, in the order of the file. */
  roots: Map<string, string>
}

export type Env = Record<string, string | undefined>

/** `contexts.json` in the person's configuration folder of this program. teamctl keeps one of the same form. */
export function contextsFile(env: Env, program: 'troupe' | 'teamctl' = 'troupe'): string {
  const own = env.XDG_CONFIG_HOME
  const home = env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME
  return join(own !== undefined && isAbsolute(own) ? own : join(home, '.config'), program, 'contexts.json')
}

/** No file is no contexts. Throws `config` for one that cannot be understood: nobody guesses which team was meant. */
export function readContexts(file: string): Contexts {
  if (!existsSync(file)) return { current: null, roots: new Map() }
  const read = readText(file)
  if ('problem' in read) throw unreadable(file, read.problem)
  const found = parse(file, read.text)
  const { current = null, contexts = {} } = found
  const entries = isRecord(contexts) ? Object.entries(contexts) : null
  if (entries === null || !entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw unreadable(file, 'does not hold names and paths')
  return { current: typeof current === 'string' && current !== '' ? current : null, roots: new Map(entries) }
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text)
    if (isRecord(found)) return found
  } catch {
    // told below, like any other value that is no object
  }
  throw unreadable(file, 'is not a JSON object')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(file: string, why: string): TroupeError {
  return new TroupeError('config', `${file} ${why}`, { hint: `correct it or move it away; -C DIR names a team without it`, facts: { file } })
}
