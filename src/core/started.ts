import { sha256 } from './event.ts'
import type { Agent, Team } from './team.ts'

/**
 * What a process is started with: a hash by the key that says it, in the words of the YAML files. `file:PATH` is the
 * content of a file, `value:NAME` that of a variable, `mcps.NAME` one MCP server. No value can be read off it.
 */
export type Started = Readonly<Record<string, string>>

/** Who an agent is, not how it runs. */
const identity = ['address', 'id', 'project'] as const
/** Judged anew at each send, call and end: a change of these needs no other process. */
export const liveKeys = ['canDm', 'canBroadcast', 'reportsTo', 'autonomy', 'restart', 'fallback', 'onRateLimit', 'budget', 'protected', 'displayName', 'interfaces', 'canSpawn', 'spawned'] as const satisfies readonly (keyof Agent)[]

/** `files` and `values`: hashes of what the agent's files hold and of the variables it gets. Keys that say nothing are left out. */
export function startedWith(agent: Agent, team: Pick<Team, 'rehearsal'>, files: Started, values: Started): Started {
  const { mcps, descriptor, mode, ...rest } = agent
  const own = Object.entries(rest).filter(([key]) => ![...identity, ...liveKeys].some((each) => each === key))
  const said: [string, unknown][] = [
    ...own.map(([key, value]): [string, unknown] => [yamlKey(key), value]),
    ...Object.entries(mcps).map(([name, server]): [string, unknown] => [`mcps.${name}`, server]),
    [`runtimes/${agent.runtime}.yaml`, descriptor],
    ['mode', mode === 'terminal' ? null : mode],
    ['rehearsal', team.rehearsal],
  ]
  const hashed = said.filter(([, value]) => !saysNothing(value)).map(([key, value]) => [key, sha256(JSON.stringify(value))])
  const contents = [...agent.rolePrompt, ...agent.subagents].flatMap((file) => (files[file] === undefined ? [] : [[`file:${file}`, files[file]]]))
  return { ...Object.fromEntries([...hashed, ...contents]), ...prefixed('value:', values) } as Started
}

/** The keys that differ. Contents and values count only where both are known: their names stand in keys of their own. */
export function startedDiffers(before: Started, after: Started): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.filter((key) => before[key] !== after[key] && (!isOutside(key) || (before[key] !== undefined && after[key] !== undefined)))
}

/** A conversation that is resumed keeps the tools it began with, and belongs to its runtime, folder and model's place. */
export function needsFresh(key: string): boolean {
  return /^(mcps\..*|permission_mode|subagents|skills|runtime|runtimes\/.*|cwd|rehearsal)$/.test(key)
}

/** Why a change of this key ends the conversation, in words; null where it does not. */
export function freshReason(keys: readonly string[]): string | null {
  if (keys.some((key) => /^(mcps\.|permission_mode$|subagents$|skills$)/.test(key))) return 'its tools change, and a resumed conversation would keep the old ones'
  if (keys.some((key) => key.startsWith('runtime'))) return 'another program cannot take the old conversation up'
  if (keys.includes('cwd')) return 'the old one belongs to another folder'
  return keys.includes('rehearsal') ? 'rehearsal and real work keep theirs apart' : null
}

export function yamlKey(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true
  return typeof value === 'object' && Object.values(value).length === 0
}

function isOutside(key: string): boolean {
  return key.startsWith('file:') || key.startsWith('value:')
}

function prefixed(prefix: string, values: Started): Started {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]))
}
