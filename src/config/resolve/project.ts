import type { Channel, Project } from '../../core/team.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Place } from '../place.ts'
import type { RawProject } from '../schema/project.ts'
import { resolveAgent } from './agent.ts'
import { workingFolder } from './files.ts'
import { checkChannelName, checkId, checkVersion, printable } from './names.ts'
import type { ProjectScope, TeamScope } from './scope.ts'

export function resolveProject(raw: RawProject, team: TeamScope, place: Place): Project {
  const { id, name } = raw.project
  checkVersion(raw.version, place.at('version'))
  checkId('project', id, place.at('project', 'id'))
  if (name.trim() === '') place.at('project', 'name').error('the project’s name is blank')
  const cwd = workingFolder(team.root, raw.project.cwd, place.at('project', 'cwd'))
  const managers = Object.keys(raw.managers)
  const agents = [...new Set([...managers, ...Object.keys(raw.workers)])]
  const channels = resolveChannels(raw, agents, place.at('channels'))
  const scope: ProjectScope = {
    ...team,
    project: id,
    cwd,
    managers,
    agents,
    channels: channels.map((channel) => ({ name: channel.name, members: channel.members.map(shortName) })),
  }
  const workers = Object.entries(raw.workers).filter(([worker]) => {
    if (!managers.includes(worker)) return true
    place.at('workers', worker).errorAtKey(`\`${worker}\` is a manager and a worker of project \`${id}\``, 'keep one of the two')
    return false
  })
  return {
    id,
    name,
    cwd,
    channels,
    agents: [
      ...Object.entries(raw.managers).map(([agent, body]) =>
        resolveAgent(agent, 'manager', body, scope, place.at('managers', agent)),
      ),
      ...workers.map(([agent, body]) => resolveAgent(agent, 'worker', body, scope, place.at('workers', agent))),
    ],
    interfaces: raw.interfaces,
  }
}

function shortName(address: string): string {
  return address.slice(address.indexOf(':') + 1)
}

function resolveChannels(raw: RawProject, agents: string[], place: Place): Channel[] {
  const seen = new Set<string>()
  return raw.channels.map(({ name, members }, index) => {
    const here = place.at(index)
    checkChannelName(name, here.at('name'))
    if (seen.has(name)) here.at('name').error(`the channel \`${printable(name)}\` is here a second time`, 'keep one of the two')
    seen.add(name)
    const wildcard = members === '*' || (Array.isArray(members) && members.includes('*'))
    const listed = wildcard ? agents : resolveMembers(name, members, agents, raw.project.id, here.at('members'))
    return {
      project: raw.project.id,
      name,
      wildcard,
      members: [...new Set(listed)].map((member) => `${raw.project.id}:${member}`),
    }
  })
}

function resolveMembers(channel: string, members: string | string[], agents: string[], project: string, place: Place): string[] {
  if (typeof members === 'string') {
    place.error(
      `the members of channel \`${printable(channel)}\` must be "*" or a list`,
      `write [${JSON.stringify(printable(members))}]`,
    )
    return []
  }
  return members.filter((member, index) => {
    if (agents.includes(member)) return true
    place
      .at(index)
      .error(
        `channel \`${printable(channel)}\` has the member \`${printable(member)}\`, which is no agent of project \`${project}\``,
        didYouMean(member, agents, 'agents of the project'),
      )
    return false
  })
}
