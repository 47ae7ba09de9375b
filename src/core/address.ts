import { TroupeError } from './error.ts'
import { didYouMean } from './nearest.ts'
import { pick } from './pick.ts'
import { agentsOf, type Agent, type Channel, type Team } from './team.ts'

/**
 * Finds an agent by `project:agent`, or by its short name: in the caller's own project first,
 * else where it is the only one of that name in the team. A person, who is in no project, may also write the beginning of
 * a name. Throws `unknown` with the nearest name.
 */
export function resolveAgent(team: Team, name: string, project?: string): Agent {
  return wholeName(team, name, project) ?? (project === undefined ? begunBy(name, agentsOf(team)) : undefined) ?? nobody(team, name)
}

/** The same for files, which mean what they say: no beginning of a name will do. */
export function declaredAgent(team: Team, name: string): Agent {
  return wholeName(team, name) ?? nobody(team, name)
}

function wholeName(team: Team, name: string, project?: string): Agent | undefined {
  const all = agentsOf(team)
  const exact = all.find((agent) => agent.address === name)
  if (exact !== undefined) return exact
  const namesakes = all.filter((agent) => agent.id === name)
  const own = namesakes.find((agent) => agent.project === project)
  if (own !== undefined) return own
  if (namesakes.length <= 1) return namesakes[0]
  throw new TroupeError('unknown', `"${name}" is the name of ${namesakes.length} agents`, {
    hint: `write ${namesakes.map((agent) => agent.address).join(' or ')}`,
    facts: { name, candidates: namesakes.map((agent) => agent.address) },
  })
}

function nobody(team: Team, name: string): never {
  const all = agentsOf(team)
  const candidates = name.includes(':') ? all.map((agent) => agent.address) : [...new Set(all.map((agent) => agent.id))]
  throw new TroupeError('unknown', `there is no agent "${name}"`, { hint: didYouMean(name, candidates, 'agents'), facts: { name } })
}

/** The only agent whose address, or short name, begins so. Throws `unknown` with the candidates where there are several. */
export function begunBy(name: string, agents: readonly Agent[]): Agent | undefined {
  const nameOf = (agent: Agent): string => (name.includes(':') ? agent.address : agent.id)
  const picked = pick(name, agents.map(nameOf))
  if (picked === null) return undefined
  const meant = new Set('one' in picked ? [picked.one] : picked.several)
  const found = [...new Map(agents.filter((agent) => meant.has(nameOf(agent))).map((agent) => [agent.address, agent])).values()]
  if (found.length === 1) return found[0]
  const candidates = found.map(({ address }) => address)
  throw new TroupeError('unknown', `"${name}" is the beginning of ${found.length} agents: ${candidates.join(', ')}`, {
    hint: `write ${candidates.join(' or ')}`,
    facts: { name, candidates },
  })
}

/** Agents by name, in the team's order; no names means all of them. */
export function resolveAgents(team: Team, names: readonly string[]): Agent[] {
  if (names.length === 0) return agentsOf(team)
  const wanted = new Set(names.map((name) => resolveAgent(team, name).address))
  return agentsOf(team).filter((agent) => wanted.has(agent.address))
}

/** Finds a channel by `name`, `#name` or `project#name`. Same rules as for agents. */
export function resolveChannel(team: Team, name: string, project?: string): Channel {
  const hash = name.indexOf('#')
  const inProject = hash > 0 ? name.slice(0, hash) : project
  const short = hash >= 0 ? name.slice(hash + 1) : name
  const all = team.projects.flatMap((each) => each.channels)
  const namesakes = all.filter((channel) => channel.name === short && (inProject === undefined || channel.project === inProject))
  if (namesakes.length === 1 && namesakes[0] !== undefined) return namesakes[0]
  if (namesakes.length > 1) {
    throw new TroupeError('unknown', `"#${short}" is the name of ${namesakes.length} channels`, {
      hint: `write ${namesakes.map(channelAddress).join(' or ')}`,
      facts: { name, candidates: namesakes.map(channelAddress) },
    })
  }
  const known = all.filter((channel) => inProject === undefined || channel.project === inProject).map((channel) => channel.name)
  throw new TroupeError('unknown', `there is no channel "#${short}"${inProject === undefined ? '' : ` in project ${inProject}`}`, {
    hint: didYouMean(short, known, 'channels'),
    facts: { name },
  })
}

/** How a channel stands in messages and the journal. */
export function channelAddress(channel: Pick<Channel, 'project' | 'name'>): string {
  return `${channel.project}#${channel.name}`
}
