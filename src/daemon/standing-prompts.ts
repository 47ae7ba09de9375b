import type { Approval } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { prompted } from '../core/gate.ts'
import type { Agents } from './agents.ts'
import type { Sessions } from './sessions.ts'

/** A daemon that has just begun takes up what runs within a second or two. ms */
const adoptionMs = 15_000

/**
 * Answers prompts that outlived the daemon which forwarded them: they still stand at the agent's terminal, and nobody else
 * would tell the agent's CLI of the verdict. False where there is none.
 */
export function standingPrompts(agents: Agents, sessions: Sessions, clock: Clock): (approval: Approval) => Promise<boolean> {
  return async ({ agent, action, exact, status }) => {
    const { incarnation } = agents.get(agent)
    if (action !== prompted || incarnation === null) return false
    const session = await sessions.opened(incarnation, adoptionMs, clock)
    const call = JSON.parse(exact) as { tool: string; input: unknown }
    return (await session?.settle?.(call, status === 'approved' ? 'approve' : 'deny')) ?? false
  }
}
