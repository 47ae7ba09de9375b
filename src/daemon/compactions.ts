import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { AgentState } from '../core/phase.ts'
import type { Compaction } from '../core/runtime.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Sessions } from './sessions.ts'

/** A summary costs a model call over the whole conversation; an agent may not run in circles on it. ms */
const onceInMs = 5 * 60_000
/** After a try that came to nothing because a person was writing, ms. */
const againMs = 30_000
const key = 'compactions'

interface Wish {
  incarnation: string
  at: number
  state: 'waiting' | 'over'
}

export interface CompactionParts {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  report(what: string, error: unknown): void
}

/**
 * Agents that asked for a shorter conversation get it when their turn is over. What was promised is kept in the store: the
 * next daemon keeps the promise to the same incarnation; another one begins with whatever its runtime resumes.
 */
export class Compactions {
  readonly #parts: CompactionParts
  #wishes = new Map<string, Wish>()
  readonly #trying = new Set<string>()
  /** Ways out of the next tries. */
  readonly #again = new Map<string, () => void>()
  #leave = (): void => {}
  #stopped = false

  constructor(parts: CompactionParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const kept = await this.#parts.store.read((db) => db.settings.get(key))
    this.#wishes = new Map(Object.entries((kept ?? {}) as Record<string, Wish>))
    this.#leave = this.#parts.agents.subscribe((state) => this.#look(state))
    for (const state of this.#parts.agents.all()) this.#look(state)
  }

  stop(): void {
    this.#stopped = true
    this.#leave()
    for (const cancel of this.#again.values()) cancel()
  }

  /** Promises it to the running incarnation. Throws `failed` where the runtime cannot, `throttled` where it was asked for just now. */
  async ask(address: string, incarnation: string): Promise<{ session: string | null }> {
    const { clock, agents, sessions } = this.#parts
    const open = sessions.get(incarnation)
    if (open?.runtime.abilities.compact !== true || open.session.compact === undefined) {
      throw new TroupeError('failed', `the runtime ${open?.runtime.name ?? 'of this agent'} cannot shorten its conversation when asked`, {
        hint: 'go on working; write what must not be forgotten into your context file',
      })
    }
    const at = clock.now()
    const last = this.#wishes.get(address)
    const left = last?.incarnation === incarnation ? last.at + onceInMs - at : 0
    if (left > 0) {
      throw new TroupeError('throttled', 'this was asked for less than five minutes ago', {
        hint: last?.state === 'waiting' ? 'it happens when your turn is over; end it' : `ask again in ${Math.ceil(left / 1000)} s if it is still needed`,
        facts: { retryAfterMs: left },
      })
    }
    await this.#put(address, { incarnation, at, state: 'waiting' }, 'agent.compact-asked', {})
    this.#look(agents.get(address))
    return { session: agents.get(address).session }
  }

  /** On every change of an agent: an idle one with a wish gets it; the wish of one that has ended is over. */
  #look({ address, incarnation, phase }: AgentState): void {
    const wish = this.#wishes.get(address)
    if (this.#stopped || wish?.state !== 'waiting' || this.#trying.has(address)) return
    const ended = wish.incarnation !== incarnation
    if (!ended && phase.name !== 'idle') return
    this.#trying.add(address)
    const work = ended ? this.#put(address, { ...wish, state: 'over' }, 'agent.compact-failed', { what: 'it ended before' }) : this.#try(address, wish)
    work
      .catch((error: unknown) => this.#parts.report(`shortening the conversation of ${address}`, error))
      .finally(() => this.#trying.delete(address))
  }

  async #try(address: string, wish: Wish): Promise<void> {
    const { clock, sessions, agents } = this.#parts
    const done = await sessions.get(wish.incarnation)?.session.compact?.()
    if (this.#stopped) return // the next daemon tries
    if (done === undefined || done.result === 'later') {
      // No change of its phase may come that would try again.
      this.#again.get(address)?.()
      this.#again.set(address, clock.after(againMs, () => this.#look(agents.get(address))))
      return
    }
    await this.#put(address, { ...wish, state: 'over' }, done.result === 'done' ? 'agent.compacted' : 'agent.compact-failed', { what: done.what })
  }

  async #put(address: string, wish: Wish, type: string, data: Partial<Pick<Compaction, 'what'>>): Promise<void> {
    this.#wishes.set(address, wish)
    await this.#parts.store.write(async (tx) => {
      await tx.settings.put(key, Object.fromEntries(this.#wishes))
      await tx.journal({ type, subject: address, agent: address, data: { incarnation: wish.incarnation, ...data } })
    })
  }
}
