import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { holdOf, type Evidence } from '../core/phase.ts'
import { onSignal, witness } from '../core/plan.ts'
import type { Signal } from '../core/runtime.ts'
import type { Agents } from './agents.ts'
import type { Breaking } from './breaking.ts'
import type { Chains } from './chains.ts'
import type { Deliverer } from './deliverer.ts'
import type { LimitHooks } from './limit-hooks.ts'
import type { Holding } from './holding.ts'
import type { Spend } from './spend.ts'

/** While the store cannot take anything, it is asked again this often. ms */
const retryMs = 1_000
/** Signals of one agent that wait for the store. Beyond that the oldest go: what an agent does now counts most. */
const mostLate = 500

export interface SignalParts {
  clock: Clock
  agents: Agents
  spend(): Spend
  /** Of a model call that a record tells of: it was counted on its way to the provider. */
  counted(address: string, at: number): Promise<boolean>
  holding(): Holding
  breaking(): Breaking
  deliverer(): Deliverer
  chains(): Chains
  limits(): Pick<LimitHooks, 'hit'>
  /** The last words of a turn. */
  said(address: string, text: string, at: number): void
  jitter(): number
  report(what: string, error: unknown): void
}

type Waiting = Extract<Signal, { type: 'waiting' }>
type Late = [incarnation: string, signal: Signal]

/**
 * Takes what sessions saw to whom it concerns. It is said once and not again: what the store cannot take now (a full
 * disk, a database that is away) is kept, in its order, until it can.
 */
export class Signals {
  readonly #parts: SignalParts
  readonly #late = new Map<string, Late[]>()
  /** What incarnations wait for whose calls are held. */
  readonly #held = new Map<string, Waiting[]>()

  constructor(parts: SignalParts) {
    this.#parts = parts
  }

  take(address: string, incarnation: string, signal: Signal): void {
    const late = this.#late.get(address)
    if (late === undefined) this.#try(address, incarnation, signal).catch((error: unknown) => this.#refused(address, [incarnation, signal], error))
    else this.#keep(late, [incarnation, signal])
  }

  /**
   * A call of it is held: that is what it waits for, whatever its CLI tells of being at work. Returns the end of the wait,
   * with what showed it; null where the call is gone.
   */
  held(address: string, incarnation: string, waiting: Waiting): (seen: Evidence | null) => void {
    const open = this.#held.get(incarnation) ?? []
    this.#held.set(incarnation, open)
    open.push(waiting)
    this.take(address, incarnation, waiting)
    return (seen) => {
      open.splice(open.indexOf(waiting), 1)
      if (open.length === 0) this.#held.delete(incarnation)
      const next = open.at(-1) ?? (seen === null ? null : { type: 'busy' as const, evidence: seen })
      if (next !== null) this.take(address, incarnation, next)
    }
  }

  #refused(address: string, given: Late, error: unknown): void {
    this.#parts.report(`a signal of ${address}`, error)
    if (!isPassing(error)) return
    const late = this.#late.get(address)
    if (late !== undefined) return this.#keep(late, given)
    this.#late.set(address, [given])
    this.#later(address)
  }

  #keep(late: Late[], given: Late): void {
    late.push(given)
    if (late.length > mostLate) late.shift()
  }

  #later(address: string): void {
    this.#parts.clock.after(retryMs, () => void this.#catchUp(address))
  }

  async #catchUp(address: string): Promise<void> {
    const late = this.#late.get(address) ?? []
    for (let next = late[0]; next !== undefined; next = late[0]) {
      try {
        await this.#try(address, ...next)
      } catch (error) {
        if (isPassing(error)) return this.#later(address)
        this.#parts.report(`a signal of ${address}`, error)
      }
      if (late[0] === next) late.shift()
    }
    this.#late.delete(address)
  }

  /** A signal of an earlier incarnation changes no state. */
  async #try(address: string, incarnation: string, signal: Signal): Promise<void> {
    const { agents, deliverer, chains, spend, holding, breaking, jitter } = this.#parts
    if (signal.type === 'failure' && signal.class === 'quota') {
      // A ceiling of the team's own, in its provider's words: none of the provider's limits, and who holds it knows more.
      if (holding().isHeld(address)) return void (await agents.update(address, (state) => witness(state, signal.evidence)))
      return await this.#parts.limits().hit(address, incarnation, signal)
    }
    if (signal.type === 'busy' && this.#held.has(incarnation)) return
    switch (signal.type) {
      case 'proof':
        return await deliverer().proved(address, incarnation, signal.marker, signal.proof, signal.evidence)
      case 'work':
        breaking().worked(address)
        return chains().worked(address, incarnation)
      case 'subagent':
        return breaking().subagent(address, incarnation, signal.id, signal.running)
      case 'said':
        return this.#parts.said(address, signal.text, signal.at)
      case 'result':
        // Why a run failed is its last word too.
        if (!signal.ok && signal.text !== '') await this.#parts.said(address, signal.text, signal.evidence.at)
        await agents.update(address, (state) => (state.incarnation === incarnation ? onSignal(state, signal) : state))
        return
      case 'usage':
        if (!(await this.#parts.counted(address, signal.usage.at))) await spend().record(address, incarnation, signal.usage)
        return
      default: {
        const { phase } = await agents.update(address, (state) => (state.incarnation === incarnation ? onSignal(state, signal, jitter()) : state))
        // Somebody typed into its terminal, or it was not heard the first time.
        if (signal.type === 'busy' && holdOf(phase) !== null) await holding().end(address)
      }
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof TroupeError && error.code === 'unavailable'
}
