import { isChosen, type Choice } from './choice.ts'
import { agentsOf, findAgent, type Agent, type Channel, type Project, type Team } from './team.ts'

/**
 * The applied team with the chosen part of it as the files say: all of it; or whole projects; or single agents with their
 * own settings and their own membership of channels. What is not chosen, and the team's own settings, stay as applied.
 */
export function takeOver(applied: Team, files: Team, choice: Choice): Team {
  if (choice.all) return files
  const ids = [...new Set([...files.projects, ...applied.projects].map(({ id }) => id))]
  const find = (team: Team, id: string): Project | undefined => team.projects.find((project) => project.id === id)
  const projects = ids.flatMap((id) => {
    const [before, after] = [find(applied, id), find(files, id)]
    if (choice.projects.has(id)) return after === undefined ? [] : [after]
    return merged(before, after, choice)
  })
  return { ...applied, projects }
}

/**
 * The right to write to somebody comes and goes with them: who is not chosen may write to chosen agents that are new, and
 * no more to those that left, where the files say so and that is all that they change in its `can_dm`.
 */
export function withRights(mixed: Team, applied: Team, files: Team, choice: Choice): Team {
  if (choice.all) return mixed
  const passing = (one: Team, other: Team): Set<string> => new Set(agentsOf(one).filter((agent) => isChosen(choice, agent) && findAgent(other, agent.address) === undefined).map(({ address }) => address))
  const [came, left] = [passing(files, applied), passing(applied, files)]
  const rights = (agent: Agent): Agent => {
    const said = findAgent(files, agent.address)?.canDm
    if (said === undefined || isChosen(choice, agent)) return agent
    const [now, then] = [said.filter((address) => !came.has(address)), agent.canDm.filter((address) => !left.has(address))]
    return now.length === then.length && now.every((address) => then.includes(address)) ? { ...agent, canDm: said } : agent
  }
  return { ...mixed, projects: mixed.projects.map((project) => ({ ...project, agents: project.agents.map(rights) })) }
}

function merged(before: Project | undefined, after: Project | undefined, choice: Choice): Project[] {
  const taken = (after?.agents ?? []).filter((agent) => isChosen(choice, agent))
  const kept = (before?.agents ?? []).filter((agent) => !isChosen(choice, agent))
  const base = before ?? after
  const agents = [...taken, ...kept]
  if (base === undefined || (before === undefined && agents.length === 0)) return []
  // In the order of the files, then of what they do not have any more.
  const order = [...(after?.agents ?? []), ...(before?.agents ?? [])].map(({ address }) => address)
  const sorted = agents.toSorted((a, b) => order.indexOf(a.address) - order.indexOf(b.address))
  return [{ ...base, agents: sorted, channels: channelsOf(before, after, choice) }]
}

function channelsOf(before: Project | undefined, after: Project | undefined, choice: Choice): Channel[] {
  const names = [...new Set([...(before?.channels ?? []), ...(after?.channels ?? [])].map(({ name }) => name))]
  return names.flatMap((name) => {
    const [old, now] = [before, after].map((project) => project?.channels.find((channel) => channel.name === name))
    const base = old ?? now
    if (base === undefined) return []
    const chosen = (member: string): boolean => isChosen(choice, { address: member, project: base.project })
    const members = [...(now?.members ?? []).filter(chosen), ...(old?.members ?? []).filter((member) => !chosen(member))]
    return old === undefined && members.length === 0 ? [] : [{ ...base, members }]
  })
}
