import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import { carriedAbove } from '../util/processes.ts'
import type { Agents } from './agents.ts'

/** An agent that tries in a loop fills no journal: refusals of one agent stand there at most this often. ms */
const tellEveryMs = 1_000

/**
 * Refuses clients of the operator socket that run below an agent of this team, or in its environment. A guard-rail and
 * no wall: the client names its own process, and an agent of the same user can lie or let go of both. Throws `denied`.
 */
export function operatorsOnly(store: Store, agents: Agents, clock: Clock): (pid: number) => Promise<void> {
  const told = new Map<string, { at: number; untold: number }>()
  return async (pid) => {
    if (pid <= 1) return
    const carried = await carriedAbove(pid)
    const agent = agents.all().find(({ incarnation }) => incarnation !== null && carried.includes(incarnation))
    if (agent === undefined) return
    const { at, untold } = told.get(agent.address) ?? { at: -tellEveryMs, untold: 0 }
    const now = clock.elapsed()
    const due = now - at >= tellEveryMs
    told.set(agent.address, due ? { at: now, untold: 0 } : { at, untold: untold + 1 })
    const data = { pid, incarnation: agent.incarnation, why: 'agents do not operate their team', refused: untold + 1 }
    if (due) await store.write(async (tx) => await tx.journal({ type: 'operator.refused', subject: agent.address, agent: agent.address, data }))
    throw new TroupeError('denied', `process ${pid} belongs to ${agent.address}, and agents do not operate their team`, {
      hint: 'agents have the tools of their MCP server `team`; people use a shell of their own',
      facts: { agent: agent.address, pid },
    })
  }
}
