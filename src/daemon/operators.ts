import { TroupeError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import { carriedAbove } from '../util/processes.ts'
import type { Agents } from './agents.ts'

/**
 * Refuses clients of the operator socket that run below an agent of this team, or in its environment. A guard-rail and
 * no wall: the client names its own process, and an agent of the same user can lie or let go of both. Throws `denied`.
 */
export function operatorsOnly(store: Store, agents: Agents): (pid: number) => Promise<void> {
  return async (pid) => {
    if (pid <= 1) return
    const carried = await carriedAbove(pid)
    const agent = agents.all().find(({ incarnation }) => incarnation !== null && carried.includes(incarnation))
    if (agent === undefined) return
    await store.write(async (tx) => await tx.journal({ type: 'operator.refused', subject: agent.address, agent: agent.address, data: { pid, incarnation: agent.incarnation } }))
    throw new TroupeError('denied', `process ${pid} belongs to ${agent.address}, and agents do not operate their team`, {
      hint: 'agents have the tools of their MCP server `team`; people use a shell of their own',
      facts: { agent: agent.address, pid },
    })
  }
}
