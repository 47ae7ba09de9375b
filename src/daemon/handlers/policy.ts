import { canBroadcast } from '../../core/acl.ts'
import { channelAddress } from '../../core/address.ts'
import { judge } from '../../core/expectation.ts'
import { edgesOf, reachOf } from '../../core/reach.ts'
import { agentsOf, type Team } from '../../core/team.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { readTeam } from '../read-team.ts'

export function policy(parts: Parts): Pick<Handlers, 'policy' | 'policy.test'> {
  const teamOf = (files: boolean): Team => (files ? readTeam(parts.paths.root) : parts.team())
  return {
    policy: async ({ files }) => {
      const team = teamOf(files)
      const edges = edgesOf(team, parts.bridges.now())
      return await Promise.resolve({ agents: agentsOf(team).map(({ address }) => address), edges, reach: reachOf(edges), channels: channelsOf(team) })
    },
    'policy.test': async ({ expect, files }) => {
      const team = teamOf(files)
      const edges = edgesOf(team, parts.bridges.now())
      const graph = { edges, reach: reachOf(edges) }
      return await Promise.resolve(expect.map((each) => judge(team, graph, each)))
    },
  }
}

function channelsOf(team: Team) {
  return team.projects.flatMap((project) =>
    project.channels.map((channel) => {
      const senders = channel.members.filter((member) => canBroadcast(team, member, channel).ok)
      return { channel: channelAddress(channel), members: channel.members.length, senders, copies: Math.max(0, channel.members.length - 1) }
    }),
  )
}
