import type { Clock } from '../core/clock.ts'
import { enter, newState } from '../core/plan.ts'
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
  async update(address: string, change: Change, beside?: Beside): Promise<AgentState> {
    const [after] = await this.#change([[address, change]], beside === undefined ? undefined : async (tx, [state]) => (state === undefined ? undefined : await beside(tx, state)))
    return after ?? this.get(address)
  }

  /**
   * Changes many at once, in one transaction with what `beside` writes. `committed` is called when that is durable, before
   * anybody sees or is told of the new states.
   */
  async updateAll(all: readonly (readonly [address: string, change: Change])[], beside: (tx: Tx) => Promise<void>, committed: () => void): Promise<void> {
    await this.#change(all, beside, committed)
  }

  /** Nobody is to run here, and what ran elsewhere is nothing of ours: it is not looked for, so that it is not ended. Does nothing the second time. */
  async standDown(what: string): Promise<void> {
    const at = this.#clock.now()
    const running = this.all().filter(({ wanted, incarnation }) => wanted === 'running' || incarnation !== null)
    const change: Change = (state) => enter({ ...state, wanted: 'stopped', incarnation: null }, { name: 'stopped', why: 'asked', code: null }, { at, what, source: 'daemon' })
    const end = async (tx: Tx): Promise<void> => {
      for (const { incarnation } of running) if (incarnation !== null) await tx.incarnations.update(incarnation, { ended: { code: null, signal: null, endedAt: at, failure: null } })
    }
    if (running.length > 0) await this.updateAll(running.map(({ address }) => [address, change]), end, () => {})
  }

  /** Unless somebody wants it again by then. */
  remove(address: string, stillUnwanted: () => boolean = () => true): Promise<void> {
    return this.#inTurn([address], async () => {
      if (!stillUnwanted()) return
      await this.#store.write(async (tx) => {
        await tx.agents.remove(address)
        await tx.journal({ type: 'agent.removed', subject: address, agent: address, data: {} })
      })
      this.#states.delete(address)
    })
  }

  #change(all: readonly (readonly [string, Change])[], beside?: (tx: Tx, after: AgentState[]) => Promise<void>, committed = (): void => {}): Promise<AgentState[]> {
    return this.#inTurn(all.map(([address]) => address), async () => {
      const pairs = all.map(([address, change]) => {
        const before = this.get(address)
        return { before, after: change(before) }
      })
      const states = pairs.map(({ after }) => after)
      if (beside === undefined && pairs.every(({ before, after }) => onlyEvidence(before, after))) {
        for (const after of states) if (this.#states.has(after.address)) this.#states.set(after.address, after)
        return states
      }
      await this.#store.write(async (tx) => {
        for (const { before, after } of pairs) {
          await tx.agents.put(after)
          await journalChange(tx, before, after)
        }
        await beside?.(tx, states)
      })
      committed()
      for (const after of states) this.#states.set(after.address, after)
      for (const { before, after } of pairs) for (const listener of this.#listeners) listener(after, before)
      return states
    })
  }

  /** After whatever is under way for any of them; taken in one go, so that two of these never wait for each other. */
  async #inTurn<T>(addresses: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = Promise.allSettled(addresses.map((address) => this.#queues.get(address)))
    const mine = before.then(work)
    for (const address of addresses) this.#queues.set(address, mine)
    try {
      return await mine
    } finally {
      for (const address of addresses) if (this.#queues.get(address) === mine) this.#queues.delete(address)
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
