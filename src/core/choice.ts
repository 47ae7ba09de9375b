import { begunBy } from './address.ts'
import { TroupeError } from './error.ts'
import { didYouMean } from './nearest.ts'
import { agentsOf, type Address, type Agent, type Team } from './team.ts'

/** Which part of a team a command is about. */
export interface Choice {
  all: boolean
  /** Whole projects, by id. */
  projects: ReadonlySet<string>
  agents: ReadonlySet<Address>
  /** What a person should know about how the names were understood. */
  notices: string[]
}

/**
 * A name is the address of an agent, else the id of a project, else the short name of the only agent of that name: a
 * project goes before an agent of the same name; else the beginning of one agent's name. `teams`: where names are looked up, all of them. No names means all.
 * Throws `unknown` with the nearest name.
 */
export function choose(names: readonly string[], teams: readonly Team[]): Choice {
  const all = teams.flatMap(agentsOf)
  const projectIds = new Set(teams.flatMap((team) => team.projects.map(({ id }) => id)))
  const projects = new Set<string>()
  const agents = new Set<Address>()
  const notices: string[] = []
  for (const name of names) {
    const namesakes = [...new Set(all.filter(({ id }) => id === name).map(({ address }) => address))]
    if (all.some(({ address }) => address === name)) agents.add(name)
    else if (projectIds.has(name)) {
      projects.add(name)
      if (namesakes.length > 0) notices.push(`${name} is a project and an agent: all of the project is taken; the agent alone is ${namesakes.join(' or ')}`)
    } else agents.add(onlyOne(name, namesakes, all, projectIds))
  }
  return { all: names.length === 0, projects, agents, notices }
}

export function isChosen(choice: Choice, { address, project }: Pick<Agent, 'address' | 'project'>): boolean {
  return choice.all || choice.projects.has(project) || choice.agents.has(address)
}

/** The chosen agents of one team, in its order. */
export function chosenAgents(choice: Choice, team: Team): Agent[] {
  return agentsOf(team).filter((agent) => isChosen(choice, agent))
}

function onlyOne(name: string, namesakes: Address[], all: Agent[], projects: ReadonlySet<string>): Address {
  const [only, ...others] = namesakes
  if (only !== undefined && others.length === 0) return only
  if (only !== undefined) {
    throw new TroupeError('unknown', `"${name}" is the name of ${namesakes.length} agents`, { hint: `write ${namesakes.join(' or ')}`, facts: { name, candidates: namesakes } })
  }
  const begun = begunBy(name, all)
  if (begun !== undefined) return begun.address
  const candidates = name.includes(':') ? all.map(({ address }) => address) : [...projects, ...all.map(({ id }) => id)]
  throw new TroupeError('unknown', `there is no project or agent "${name}"`, { hint: didYouMean(name, [...new Set(candidates)], 'names'), facts: { name } })
}
