import { freshReason, liveKeys, needsFresh, saysNothing, startedDiffers, yamlKey, type Started } from './started.ts'
import { agentsOf, findAgent, type Address, type Agent, type Team } from './team.ts'
import { channelsWith, teamWidened, widenedOf } from './widened.ts'

/** `apply`: what changes counts at once, and nobody is restarted. */
export type ChangeAction = 'start' | 'stop' | 'restart' | 'apply' | 'untouched'

/** A key that differs and where it stands in YAML; `project` null: in team-compose.yaml. */
export interface ChangedKey {
  key: string
  project: string | null
  path: (string | number)[]
}

export interface Change {
  /** `team`: settings that belong to no agent. */
  agent: Address | 'team'
  action: ChangeAction
  keys: ChangedKey[]
  /** Sentences beside the keys. */
  notes: string[]
  widened: string[]
  /** What becomes of the conversation of an agent that is started anew; null where nothing does. */
  conversation: 'resumed' | 'fresh' | null
}

/** How one agent stands now. */
export interface Standing {
  /** It has a process. */
  running: boolean
  /** Somebody wants it to run. */
  wanted: boolean
  /** What that process was started with; null where that is not known. */
  started: Started | null
  /** Unacknowledged messages in its mailbox. */
  mail: number
}

/** One side of the comparison. `started`: what each agent would be started with. */
export interface Side {
  team: Team
  started(agent: Agent): Started
}

/**
 * The whole difference: what becomes of each agent if `after` takes the place of `before`. The team's own settings come
 * first, then agents that go, then those of `after` in its order. `before` null: nothing is applied, everything starts.
 */
export function changes(before: Side | null, after: Side, standing: (address: Address) => Standing): Change[] {
  const agents = agentsOf(after.team)
  if (before === null) return agents.map((agent) => ({ ...still(agent.address), action: 'start', notes: ['the team is not up'] }))
  const gone = agentsOf(before.team).filter(({ address }) => findAgent(after.team, address) === undefined)
  const fresh = agents.filter(({ address }) => findAgent(before.team, address) === undefined)
  const renamed = renames(gone, fresh, before, after)
  return [
    ...ofTeam(before.team, after.team),
    ...gone.map((agent) => removed(agent, standing(agent.address), renamed.get(agent.address))),
    ...agents.map((agent) => {
      const earlier = findAgent(before.team, agent.address)
      const from = [...renamed].find(([, to]) => to === agent.address)?.[0]
      return earlier === undefined ? added(agent, before, after, from) : changed(earlier, agent, before, after, standing(agent.address))
    }),
  ]
}

/** Whether anything would be done. */
export function isDifference({ action }: Pick<Change, 'action'>): boolean {
  return action !== 'untouched'
}

function still(agent: Address | 'team'): Change {
  return { agent, action: 'untouched', keys: [], notes: [], widened: [], conversation: null }
}

function ofTeam(before: Team, after: Team): Change[] {
  const [then, now] = [settingsOf(before), settingsOf(after)]
  const names = [...new Set([...then.keys(), ...now.keys()])].filter((key) => then.get(key) !== now.get(key))
  if (names.length === 0) return []
  return [{ ...still('team'), action: 'apply', keys: names.map((key) => ({ key, project: null, path: key.split('.') })), widened: teamWidened(before, after) }]
}

/** Units stand in the names of some keys. */
const unitNames: Record<string, string> = { message_ttl_ms: 'message_ttl_hours', drain_timeout_ms: 'drain_timeout_secs', fallback_wait_ms: 'fallback_wait_seconds', fail_over_after_ms: 'fail_over_after_seconds', hold_ms: 'hold', expiry_ms: 'expiry', tempfile_ttl_ms: 'tempfile_ttl_seconds' }

/** The team's own settings as JSON, by `section.key`. Whatever belongs to projects, agents and the place of the team is left out. */
function settingsOf({ root: _root, projects: _projects, broker: _broker, rehearsal: _rehearsal, places: _places, ...sections }: Team): Map<string, string> {
  const found = new Map<string, string>()
  for (const [section, value] of Object.entries(sections)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) found.set(yamlKey(section), JSON.stringify(value))
    else for (const [key, one] of Object.entries(value)) if (!saysNothing(one)) found.set(`${yamlKey(section)}.${unitNames[yamlKey(key)] ?? yamlKey(key)}`, JSON.stringify(one))
  }
  return found
}

function removed(agent: Agent, { mail }: Standing, to: Address | undefined): Change {
  const kept = mail === 0 ? [] : [`${mail} unacknowledged message${mail === 1 ? '' : 's'} stay${mail === 1 ? 's' : ''} in its mailbox`]
  const renamed = to === undefined ? [] : [`it looks renamed to ${to}: that is an agent of its own, and mail and conversation stay with the old name`]
  return { ...still(agent.address), action: 'stop', notes: ['it is not in the files any more', ...kept, ...renamed] }
}

function added(agent: Agent, before: Side, after: Side, from: Address | undefined): Change {
  const renamed = from === undefined ? [] : [`it looks like ${from} renamed: it begins anew, mail and conversation stay with the old name`]
  const keys = [{ key: agent.id, project: agent.project, path: placeOf(agent) }]
  return { ...still(agent.address), action: 'start', keys, notes: ['it is new', ...renamed], widened: widenedOf(agent, before.team, after.team), conversation: 'fresh' }
}

function changed(earlier: Agent, agent: Agent, before: Side, after: Side, { running, wanted, started }: Standing): Change {
  const launched = startedDiffers(running && started !== null ? started : before.started(earlier), after.started(agent))
  const keys = [...launched.map((key) => startedKey(agent, key)), ...liveChanges(earlier, agent, before.team, after.team)]
  const widened = widenedOf(agent, before.team, after.team)
  const same = { ...still(agent.address), keys, widened }
  if (launched.length === 0) {
    if (keys.length > 0) return { ...same, action: 'apply' }
    return wanted ? same : { ...same, notes: [`it is not started: troupe start ${agent.address}`] }
  }
  const fresh = launched.some(needsFresh)
  const reason = fresh ? freshReason(launched) : null
  const conversation = fresh ? 'fresh' : 'resumed'
  if (!wanted) return { ...same, action: 'apply', notes: ['it counts from its next start'], conversation }
  return { ...same, action: running ? 'restart' : 'start', notes: reason === null ? [] : [`a fresh conversation: ${reason}`], conversation }
}

/** Beside the launch: what is judged anew each time. */
function liveChanges(earlier: Agent, agent: Agent, before: Team, after: Team): ChangedKey[] {
  const text = (value: unknown): string => JSON.stringify(Array.isArray(value) ? value.toSorted() : value)
  const own = liveKeys.filter((key) => text(earlier[key]) !== text(agent[key]))
  const [then, now] = [channelsWith(before, agent.address), channelsWith(after, agent.address)]
  const channels = [...now.filter((name) => !then.includes(name)), ...then.filter((name) => !now.includes(name))]
  const listed = after.projects.find(({ id }) => id === agent.project)?.channels ?? []
  return [
    ...own.map((key) => ({ key: yamlKey(key), project: agent.project, path: [...placeOf(agent), yamlKey(key)] })),
    ...channels.map((name) => {
      const index = listed.findIndex((channel) => channel.name === name)
      return { key: `channels.${name}`, project: agent.project, path: index < 0 ? ['channels'] : ['channels', index, 'members'] }
    }),
  ]
}

function startedKey(agent: Agent, key: string): ChangedKey {
  if (key === 'rehearsal') return { key, project: null, path: [key] }
  const [kind, name] = key.startsWith('file:') ? [agent.subagents.includes(key.slice('file:'.length)) ? 'subagents' : 'role_prompt', key] : key.startsWith('value:') ? ['env', key] : [key, key]
  return { key: name, project: agent.project, path: kind === 'role' ? placeOf(agent) : [...placeOf(agent), ...kind.split('.')] }
}

function placeOf({ role, id }: Agent): (string | number)[] {
  return [`${role}s`, id]
}

/** An agent that goes and one that comes, with the same settings and the same name or the same project: old address → new one. */
function renames(gone: Agent[], fresh: Agent[], before: Side, after: Side): Map<Address, Address> {
  const found = new Map<Address, Address>()
  for (const old of gone) {
    const settings = JSON.stringify(before.started(old))
    const heir = fresh.find((agent) => (agent.id === old.id || agent.project === old.project) && ![...found.values()].includes(agent.address) && JSON.stringify(after.started(agent)) === settings)
    if (heir !== undefined) found.set(old.address, heir.address)
  }
  return found
}
