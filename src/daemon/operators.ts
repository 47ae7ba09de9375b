import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import { carriedAbove } from '../util/processes.ts'
import type { Agents } from './agents.ts'

/** Whoever tries in a loop fills no journal: refusals of one agent, or of those that nobody knows, stand there at most this often. ms */
const tellEveryMs = 1_000

/** The subject of a refusal where nobody knows whose process it was. */
const unknown = 'operator socket'

/**
 * Refuses clients of the operator socket that run below an agent of this team, or in its environment, and those that name a
 * process which they are not. A guard-rail and no wall: an agent of the same user can let go of its tree and its environment.
 * Throws `denied`.
 */
export function operatorsOnly(store: Store, agents: Agents, clock: Clock): (pid: number, unproved: string | null) => Promise<void> {
  const told = new Map<string, { at: number; untold: number }>()
  const tell = async (agent: string | null, data: object): Promise<void> => {
    const subject = agent ?? unknown
    const { at, untold } = told.get(subject) ?? { at: -tellEveryMs, untold: 0 }
    const now = clock.elapsed()
    const due = now - at >= tellEveryMs
    told.set(subject, due ? { at: now, untold: 0 } : { at, untold: untold + 1 })
    if (due) await store.write(async (tx) => await tx.journal({ type: 'operator.refused', subject, agent, data: { ...data, refused: untold + 1 } }))
  }
  return async (pid, unproved) => {
    const carried = pid > 1 ? await carriedAbove(pid) : []
    const agent = agents.all().find(({ incarnation }) => incarnation !== null && carried.includes(incarnation))
    if (agent !== undefined) {
      await tell(agent.address, { pid, incarnation: agent.incarnation, why: 'agents do not operate their team' })
      throw new TroupeError('denied', `process ${pid} belongs to ${agent.address}, and agents do not operate their team`, {
        hint: 'agents have the tools of their MCP server `team`; people use a shell of their own',
        facts: { agent: agent.address, pid },
      })
    }
    if (unproved === null) return
    await tell(null, { pid, why: unproved })
    throw new TroupeError('denied', `the client of the operator socket says that it is process ${pid}, but ${unproved}`, {
      hint: 'use the same user, the same container and the same release of troupe as the daemon; troupe audit log --type operator.refused tells of each',
      facts: { pid },
    })
  }
}
