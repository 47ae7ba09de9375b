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
/** Signals of one agent that wait for the store. Beyond that the oldest word of what it did goes, and of what it cost and was shown only once no other is left. */
const mostLate = 5_000

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

/** `n`: the how-manieth that was taken. */
interface Given {
  n: number
  incarnation: string
  signal: Signal
}

/** What is under way for one agent, and what the store could not take: both in the order in which they came. */
interface Line {
  underWay: number
  late: Given[]
  /** The last of what was taken that told what it does. */
  doing: number
}

/**
 * Takes what sessions saw to whom it concerns. It is said once and not again: what the store cannot take now (a full
 * disk, a database that is away) is kept, in its order, until it can.
 */
export class Signals {
  readonly #parts: SignalParts
  readonly #lines = new Map<string, Line>()
  #count = 0
  /** What incarnations wait for whose calls are held. */
  readonly #held = new Map<string, Waiting[]>()

  constructor(parts: SignalParts) {
    this.#parts = parts
  }

  take(address: string, incarnation: string, signal: Signal): void {
    const line = this.#lines.get(address) ?? { underWay: 0, late: [], doing: 0 }
    this.#lines.set(address, line)
    const given = { n: (this.#count += 1), incarnation, signal }
    if (line.late.length > 0) return keep(line, given)
    line.underWay += 1
    this.#try(address, given)
      .catch((error: unknown) => this.#refused(address, line, given, error))
      .finally(() => (line.underWay -= 1))
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

  #refused(address: string, line: Line, given: Given, error: unknown): void {
    this.#parts.report(`a signal of ${address}`, error)
    if (!isPassing(error)) return
    keep(line, given)
    if (line.late.length === 1) this.#later(address, line)
  }

  #later(address: string, line: Line): void {
    this.#parts.clock.after(retryMs, () => void this.#catchUp(address, line))
  }

  /** Not before what was under way has come to its end: it may be earlier than what waits. */
  async #catchUp(address: string, line: Line): Promise<void> {
    if (line.underWay > 0) return this.#later(address, line)
    for (let next = line.late[0]; next !== undefined; next = line.late[0]) {
      try {
        await this.#try(address, next)
      } catch (error) {
        if (isPassing(error)) return this.#later(address, line)
        this.#parts.report(`a signal of ${address}`, error)
      }
      if (line.late[0] === next) line.late.shift()
    }
  }

  /** A signal of an earlier incarnation changes no state. */
  async #try(address: string, { n, incarnation, signal }: Given): Promise<void> {
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
        // A later one was taken while this one was refused: what this one tells is over.
        if (tellsDoing(signal) && n < (this.#lines.get(address)?.doing ?? 0)) return
        const { phase } = await agents.update(address, (state) => (state.incarnation === incarnation ? onSignal(state, signal, jitter()) : state))
        const line = this.#lines.get(address)
        if (line !== undefined && tellsDoing(signal)) line.doing = n
        // Somebody typed into its terminal, or it was not heard the first time.
        if (signal.type === 'busy' && holdOf(phase) !== null) await holding().end(address)
      }
    }
  }
}

/** In its order. */
function keep({ late }: Line, given: Given): void {
  late.splice(late.findLastIndex(({ n }) => n < given.n) + 1, 0, given)
  if (late.length <= mostLate) return
  const over = late.findIndex(({ signal }) => tellsDoing(signal) || signal.type === 'note')
  late.splice(Math.max(0, over), 1)
}

function tellsDoing({ type }: Signal): boolean {
  return type === 'ready' || type === 'idle' || type === 'busy' || type === 'waiting'
}

function isPassing(error: unknown): boolean {
  return error instanceof TroupeError && error.code === 'unavailable'
}
