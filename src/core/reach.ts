import { canBroadcast, canDm, canEscalate } from './acl.ts'
import { bridgeThread, type Bridge } from './bridge.ts'
import { agentsOf, type Address, type Team } from './team.ts'

/** Whom one agent may write to, and by which permissions: `dm`, `#channel`, `escalate`, `bridge:N`. */
export interface Edge {
  from: Address
  to: Address
  ways: string[]
}

/** How words get from one agent to another if all between pass them on; the shortest way, both ends included. */
export interface Reach {
  from: Address
  to: Address
  path: Address[]
  /** Only over a bridge: without those that are open there is no way. */
  bridged: boolean
}

/** Asked of the rules that every send is judged by; `bridges` are those that are open. */
export function edgesOf(team: Team, bridges: readonly Bridge[]): Edge[] {
  const found = new Map<string, Edge>()
  const add = (from: Address, to: Address, way: string): void => {
    const edge = found.get(`${from} ${to}`) ?? { from, to, ways: [] }
    edge.ways.push(way)
    found.set(`${from} ${to}`, edge)
  }
  const all = agentsOf(team)
  const channels = team.projects.flatMap((project) => project.channels)
  for (const { address: from } of all) {
    for (const to of all) {
      const dm = canDm(team, from, to, bridges)
      if (dm.ok) add(from, to.address, dm.bridge === undefined ? 'dm' : bridgeThread(dm.bridge.n))
    }
    for (const channel of channels) {
      const broadcast = canBroadcast(team, from, channel)
      if (broadcast.ok) for (const to of broadcast.recipients) add(from, to, `#${channel.name}`)
    }
    const up = canEscalate(team, from)
    if (up.ok) for (const to of up.recipients) add(from, to, 'escalate')
  }
  return [...found.values()]
}

export function isBridge(edge: Edge): boolean {
  return edge.ways.every((way) => way.startsWith('bridge:'))
}

/** Every pair with a way between them, in the order of the team. */
export function reachOf(edges: readonly Edge[]): Reach[] {
  const froms = [...new Set(edges.map(({ from }) => from))]
  const inside = successors(edges.filter((edge) => !isBridge(edge)))
  const all = successors(edges)
  return froms.flatMap((from) => {
    const near = pathsFrom(from, inside)
    return [...pathsFrom(from, all)].map(([to, path]) => ({ from, to, path: near.get(to) ?? path, bridged: !near.has(to) }))
  })
}

function successors(edges: readonly Edge[]): Map<Address, Address[]> {
  const found = new Map<Address, Address[]>()
  for (const { from, to } of edges) found.set(from, [...(found.get(from) ?? []), to])
  return found
}

/** Breadth first: the shortest way to each. Without the agent itself. */
function pathsFrom(from: Address, next: ReadonlyMap<Address, Address[]>): Map<Address, Address[]> {
  const paths = new Map<Address, Address[]>([[from, [from]]])
  for (const [at, path] of paths) for (const to of next.get(at) ?? []) if (!paths.has(to)) paths.set(to, [...path, to])
  paths.delete(from)
  return paths
}
