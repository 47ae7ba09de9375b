import { agentRule, fixedRule } from './rule.ts'
import { TroupeError } from './error.ts'
import type { Address, Agent, Team } from './team.ts'
import { findAgent } from './team.ts'

/** Time-limited permission for two managers of different projects to talk. While it is open it is the permission itself. */
export interface Bridge {
  /** UUIDv7. */
  id: string
  /** Small integer, unique in the team. */
  n: number
  a: Address
  b: Address
  topic: string
  /** Only `a` writes to `b`. */
  oneWay: boolean
  openedBy: string
  /** ms */
  openedAt: number
  expiresAt: number
  closedAt: number | null
  /** `expiry` where nobody closed it, `team` where one of the two left the team or is no manager any more. */
  closedBy: string | null
  /** Number of the last message before it was opened. */
  after: number
}

export type BridgeState = 'open' | 'expired' | 'closed'

export const defaultBridgeMinutes = 120
/** A week: what is to last longer belongs into the team's files, as one project. */
export const longestBridgeMinutes = 7 * 24 * 60
/** How long what was said over a closed bridge is kept. ms */
export const bridgeLogMs = 24 * 3_600_000

export function bridgeState({ closedAt, closedBy }: Bridge): BridgeState {
  if (closedAt === null) return 'open'
  return closedBy === 'expiry' ? 'expired' : 'closed'
}

/** Whether it leads from one agent to the other. Says nothing about time. */
export function spans(bridge: Pick<Bridge, 'a' | 'b' | 'oneWay'>, from: string, to: string): boolean {
  return (bridge.a === from && bridge.b === to) || (!bridge.oneWay && bridge.a === to && bridge.b === from)
}

/** The thread of every message that came over it, and its name in envelopes and taints. */
export function bridgeThread(n: number): string {
  return `bridge:${n}`
}

/** Whether a bridge may join these two. Throws `denied` with the reason, `conflict` where one that is open does already. */
export function checkBridge(from: Agent, to: Agent, oneWay: boolean, open: readonly Bridge[]): void {
  for (const end of [from, to]) {
    if (end.role === 'manager') continue
    throw new TroupeError('denied', `${end.address} is a worker: bridges join managers`, {
      hint: 'name a manager of its project; who is one is declared in the project file',
      facts: { agent: end.address, rule: { ...agentRule(end, 'role'), path: [`${end.role}s`, end.id] } },
    })
  }
  if (from.project === to.project) {
    throw new TroupeError('denied', `${from.address} and ${to.address} are of one project: bridges are for links between projects`, {
      hint: 'within a project can_dm decides',
      facts: { project: from.project, rule: fixedRule('bridges join projects', 'nobody: can_dm is the rule inside one') },
    })
  }
  const other = open.find((bridge) => spans(bridge, from.address, to.address) && (oneWay || spans(bridge, to.address, from.address)))
  if (other === undefined) return
  throw new TroupeError('conflict', `bridge ${other.n} joins ${from.address} and ${to.address} already`, {
    hint: `troupe bridge close ${other.n} ends it`,
    facts: { id: other.id, n: other.n, expiresAt: other.expiresAt },
  })
}

/** Whether both are still what the bridge was opened for. */
export function stands(team: Team, { a, b }: Pick<Bridge, 'a' | 'b'>): boolean {
  return [a, b].every((end) => findAgent(team, end)?.role === 'manager')
}

/** The open bridge that lets one write to the other. Both must still be what the bridge was opened for. */
export function bridgeBetween(team: Team, from: string, to: Agent, open: readonly Bridge[]): Bridge | undefined {
  if (to.role !== 'manager' || findAgent(team, from)?.role !== 'manager') return undefined
  return open.find((bridge) => spans(bridge, from, to.address))
}
