import { Breakers, type Trip } from '../core/breakers.ts'
import { holdOf } from '../core/phase.ts'
import { findAgent, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Holding } from './holding.ts'

export interface BreakingParts {
  store: Store
  agents: Agents
  holding: Holding
  team(): Team
  /** Writes to an agent in troupe's own name; the same key twice is one message. */
  tell(address: string, text: string, key: string): Promise<void>
}

/** Feeds the breakers with what agents do, and stops whom they name. What they counted is in memory: the stop is what lasts. */
export class Breaking {
  readonly #parts: BreakingParts
  readonly #breakers = new Breakers()

  constructor(parts: BreakingParts) {
    this.#parts = parts
    parts.agents.subscribe((after, before) => {
      if (holdOf(before.phase)?.by === 'breaker' && holdOf(after.phase) === null) this.#breakers.forget(after.address)
    })
    parts.store.subscribe((events) => {
      for (const { type, data } of events) {
        if (type === 'message.sent' && data['from'] === 'user') for (const to of recipientsOf(data)) this.#breakers.worked(to)
      }
    })
  }

  worked(agent: string): void {
    this.#breakers.worked(agent)
  }

  subagent(agent: string, run: string, id: string, running: boolean): void {
    this.#breakers.subagent(agent, run, id, running)
  }

  subagents(agent: string): number {
    return this.#breakers.subagents(agent)
  }

  /** One model call that was not counted before. */
  async called(agent: string, run: string, at: number): Promise<void> {
    const { agents, holding, team, tell } = this.#parts
    const { incarnation, phase, wanted } = agents.get(agent)
    const trip = this.#breakers.called(agent, run, at, team().breakers)
    if (trip === null || incarnation !== run || wanted !== 'running' || phase.name === 'stopping' || holdOf(phase) !== null) return
    const why = `${trip.why} (${this.#ruleOf(trip)})`
    await holding.hold(agent, {
      hold: { by: 'breaker', rule: this.#ruleOf(trip), run },
      why,
      fix: `troupe attach ${agent}: see what it is at; then troupe start ${agent}`,
      until: null,
      event: { type: 'breaker.tripped', subject: agent, agent, data: { rule: trip.rule, why: trip.why, incarnation: run } },
    })
    const lead = findAgent(team(), agent)?.reportsTo ?? null
    if (lead !== null && findAgent(team(), lead) !== undefined) await tell(lead, `${agent} is stopped: ${why}. A person decides whether it goes on.`, `breaker ${agent} ${run} ${at}`)
  }

  /** A subagent is asked for. Null: it may be had. */
  refusal(agent: string, run: string, nested: boolean): string | null {
    const trip = this.#breakers.spawn(agent, run, nested, this.#parts.team().breakers)
    return trip === null ? null : `${trip.why} (${this.#ruleOf(trip)}). Do the rest yourself, one after another.`
  }

  #ruleOf({ rule }: Trip): string {
    const place = this.#parts.team().places[rule]
    return place === undefined ? rule : `${rule}, ${place}`
  }
}

function recipientsOf(data: Record<string, unknown>): string[] {
  return Array.isArray(data['recipients']) ? (data['recipients'] as string[]) : []
}
