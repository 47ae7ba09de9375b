import type { AgentRow } from '../../api/team.ts'
import { connect } from '../../client/connect.ts'
import { load } from '../../config/load.ts'
import type { NamedTeam } from '../../config/named-teams.ts'
import { teamPaths } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import { agentsOf } from '../../core/team.ts'
import { providerOf } from '../../runtimes/provider-words.ts'
import { known } from '../team-files.ts'

export interface TeamState {
  /** `missing`: the folder, or the team in it, is gone. */
  state: 'running' | 'stopped' | 'missing'
  /** Of its lead; null where the files do not say. */
  provider: string | null
  /** Agents that have a process. */
  running: number
}

/** A daemon that does not answer this fast is told as no answer, ms. */
const answerWithin = 5_000

/** Asks the daemon of that team if one answers, and starts none. */
export async function stateOf({ root }: NamedTeam): Promise<TeamState> {
  const { team, counts } = load(root, known)
  if (counts.projects === 0 && team === null) return { state: 'missing', provider: null, running: 0 }
  const agents = team === null ? [] : agentsOf(team)
  const lead = agents.find(({ role }) => role === 'manager') ?? agents[0]
  const running = (await rowsOf(root)).filter(isUp).length
  return { state: running > 0 ? 'running' : 'stopped', provider: lead === undefined ? null : providerOf(lead.runtime), running }
}

export function isUp({ phase, incarnation }: Pick<AgentRow, 'phase' | 'incarnation'>): boolean {
  return incarnation !== null && phase !== 'stopped'
}

async function rowsOf(root: string): Promise<AgentRow[]> {
  try {
    const client = await connect({ socket: teamPaths(root).operatorSocket, timeoutMs: answerWithin })
    try {
      return await client.call('ps', {}, { signal: AbortSignal.timeout(answerWithin) })
    } finally {
      client.close()
    }
  } catch (error) {
    if (error instanceof TroupeError || (error instanceof Error && error.name === 'TimeoutError')) return []
    throw error
  }
}
