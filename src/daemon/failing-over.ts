import type { Clock } from '../core/clock.ts'
import { inPlaceOf } from '../core/duty.ts'
import { handOff, moved, nextMove, outOf, unusable, type Circumstances, type Move } from '../core/fail-over.ts'
import type { Health } from '../core/runtime.ts'
import { agentsOf, findAgent, type Agent, type Team } from '../core/team.ts'
import type { Tx } from '../store/store.ts'
import type { Agents } from './agents.ts'

export interface FailingOverParts {
  agents: Agents
  clock: Clock
  team(): Team
  healthOf(agent: Agent): Promise<Health>
  contextFile(agent: Agent): string
  tell(address: string, text: string, key: string): Promise<void>
}

/** Has another runtime do an agent's work while its own cannot, and its own again once it can. */
export class FailingOver {
  readonly #parts: FailingOverParts

  constructor(parts: FailingOverParts) {
    this.#parts = parts
  }

  /** Whose runtime is to change now. */
  due(): { address: string; move: Move }[] {
    const { agents, clock, team } = this.#parts
    const [declared, states] = [agentsOf(team()), agents.all()]
    if (declared.every(({ fallback }) => fallback.length === 0) && states.every(({ duty }) => duty === undefined)) return []
    const circumstances = this.#circumstances()
    return states.flatMap((state) => {
      const agent = declared.find(({ address }) => address === state.address)
      const move = agent === undefined ? null : nextMove(agent, state, circumstances, clock.now())
      return move === null ? [] : [{ address: state.address, move }]
    })
  }

  /** Only to a runtime that can be started here; another one is looked for in the next round. */
  async move(address: string, move: Move): Promise<void> {
    const { agents, clock, team, healthOf } = this.#parts
    const agent = findAgent(team(), address)
    if (agent === undefined) return
    const { problem } = await healthOf(inPlaceOf(agent, move.to))
    const at = clock.now()
    if (problem !== null && move.must !== true) {
      const data = { runtime: move.to?.runtime ?? agent.runtime, ...problem }
      const beside = (tx: Tx): Promise<void> => tx.journal({ type: 'agent.not-moved', subject: address, agent: address, data })
      return void (await agents.update(address, (state) => unusable(agent, state, move.to, problem.why, at), beside))
    }
    await agents.update(
      address,
      (state) => {
        // Meanwhile it may have been stopped, or gone on.
        const again = nextMove(agent, state, this.#circumstances(), at)
        return again !== null && again.to?.runtime === move.to?.runtime ? moved(agent, state, again, at) : state
      },
      async (tx, { duty }) => {
        if (duty?.at !== at) return
        const data = { from: duty.from, to: move.to?.runtime ?? agent.runtime, why: move.why, until: move.until ?? null }
        await tx.journal({ type: 'agent.moved', subject: address, agent: address, data })
      },
    )
  }

  /** Before its start: who takes the work over is told what of. Once, whichever daemon does it. */
  async tell(agent: Agent): Promise<void> {
    const { agents, tell, contextFile } = this.#parts
    const { duty } = agents.get(agent.address)
    if (duty === undefined || duty.told) return
    await tell(agent.address, handOff(agent, duty, contextFile(agent)), `hand-off ${duty.at}`)
    await agents.update(agent.address, (state) => (state.duty?.at === duty.at ? { ...state, duty: { ...state.duty, told: true } } : state))
  }

  #circumstances(): Circumstances {
    const { agents, clock, team } = this.#parts
    return { out: outOf(agentsOf(team()), agents.all(), clock.now()), afterMs: team().rateLimits.failOverAfterMs }
  }
}
