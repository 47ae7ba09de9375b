import type { Clock } from '../core/clock.ts'
import { newState } from '../core/plan.ts'
import { phaseDetail, type AgentState, type Evidence } from '../core/phase.ts'
import type { Store, Tx } from '../store/store.ts'

type Change = (state: AgentState) => AgentState
type Beside = (tx: Tx, after: AgentState) => Promise<void>

/**
 * The one owner of every agent's state. Changes to one agent follow each other; each is durable, with its
 * journal line, before anybody sees it. Evidence that changes nothing else stays in memory until something does.
 */
export class Agents {
  readonly #store: Store
  readonly #clock: Clock
  readonly #states = new Map<string, AgentState>()
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #listeners = new Set<(after: AgentState, before: AgentState) => void>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async load(): Promise<void> {
    for (const state of await this.#store.read((db) => db.agents.all())) this.#states.set(state.address, state)
  }

  get(address: string): AgentState {
    return this.#states.get(address) ?? newState(address, this.#clock.now())
  }

  all(): AgentState[] {
    return [...this.#states.values()]
  }

  /** Told after each durable change. Returns the way out. */
  subscribe(listener: (after: AgentState, before: AgentState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes one agent; `beside` writes in the same transaction. */
  update(address: string, change: Change, beside?: Beside): Promise<AgentState> {
    return this.#inTurn(address, async () => {
      const before = this.get(address)
      const after = change(before)
      if (beside === undefined && onlyEvidence(before, after)) {
        if (this.#states.has(address)) this.#states.set(address, after)
        return after
      }
      await this.#store.write(async (tx) => {
        await tx.agents.put(after)
        await journalChange(tx, before, after)
        await beside?.(tx, after)
      })
      this.#states.set(address, after)
      for (const listener of this.#listeners) listener(after, before)
      return after
    })
  }

  remove(address: string): Promise<void> {
    return this.#inTurn(address, async () => {
      await this.#store.write(async (tx) => {
        await tx.agents.remove(address)
        await tx.journal({ type: 'agent.removed', subject: address, agent: address, data: {} })
      })
      this.#states.delete(address)
    })
  }

  async #inTurn<T>(address: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(address) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#queues.set(address, mine)
    try {
      return await mine
    } finally {
      if (this.#queues.get(address) === mine) this.#queues.delete(address)
    }
  }
}

function onlyEvidence(before: AgentState, after: AgentState): boolean {
  return JSON.stringify({ ...before, evidence: null }) === JSON.stringify({ ...after, evidence: null })
}

async function journalChange(tx: Tx, before: AgentState, after: AgentState): Promise<void> {
  const { address } = after
  const why: Evidence | undefined = after.evidence.at(-1)
  if (JSON.stringify(before.phase) !== JSON.stringify(after.phase)) {
    await tx.journal({
      type: 'agent.phase',
      subject: address,
      agent: address,
      data: {
        from: before.phase.name,
        to: after.phase.name,
        detail: phaseDetail(after.phase),
        until: 'until' in after.phase ? after.phase.until : null,
        incarnation: after.incarnation ?? before.incarnation,
        why: why?.what ?? null,
        source: why?.source ?? null,
      },
    })
  }
  if (before.wanted !== after.wanted) {
    await tx.journal({ type: 'agent.wanted', subject: address, agent: address, data: { wanted: after.wanted } })
  }
  if (before.session !== after.session) {
    await tx.journal({ type: 'agent.session', subject: address, agent: address, data: { session: after.session } })
  }
}
