import { holdOf, type AgentState } from '../../core/phase.ts'
import type { Agent } from '../../core/team.ts'
import type { Agents } from '../agents.ts'
import type { Holding } from '../holding.ts'

export interface HoldingParts {
  agents: Agents
  holding: Holding
}

/** At work, about to be, or to go on by itself at its time: what a person can hold. Who waits for a person anyway is left with its reason. */
function canHold({ phase, wanted }: AgentState): boolean {
  if (wanted !== 'running') return false
  switch (phase.name) {
    case 'stopped':
      return phase.why === 'never' || phase.why === 'asked'
    case 'parked':
      return phase.hold === undefined ? phase.until !== null : phase.hold.by === 'budget'
    default:
      return ['starting', 'idle', 'busy', 'waiting', 'backoff'].includes(phase.name)
  }
}

export function isHeld({ phase }: AgentState): boolean {
  return holdOf(phase)?.by === 'person'
}

/**
 * Keeps agents where they are until a person lets them go on: no mail reaches them and none is started, and a turn that
 * runs is interrupted where the runtime can. Processes and conversations stay. Resolves with their addresses.
 */
export async function hold({ agents, holding }: HoldingParts, chosen: readonly Agent[], who: string): Promise<string[]> {
  const held = chosen.filter(({ address }) => canHold(agents.get(address)))
  // All at once: none works on while the turn of another comes to its end.
  await Promise.all(
    held.map(async ({ address }) => {
      const { incarnation, phase } = agents.get(address)
      await holding.hold(address, {
        hold: { by: 'person', rule: who, run: incarnation ?? holdOf(phase)?.run ?? null },
        why: `held by ${who}`,
        fix: `troupe start ${address}, or /resume in the chat`,
        until: null,
        event: { type: 'agent.held', subject: address, agent: address, data: { by: who } },
      })
    }),
  )
  return held.map(({ address }) => address)
}
