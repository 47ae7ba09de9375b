import type { Clock } from '../core/clock.ts'
import { besides, count, limitOf, take, throttled, type Bucket, type LimitName, type Tally } from '../core/throttle.ts'
import type { Limits } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Caller, Door } from './daemon.ts'

/** Calls that do nothing but wait. */
const waitingCalls = new Set(['inbox_watch', 'request_approval'])

interface Load {
  /** Hooks have their own: an agent that floods its tools must not make troupe blind to its state. */
  buckets: Partial<Record<Door, Bucket>>
  running: number
  waits: number
  tallies: Map<LimitName, Tally>
}

export interface ThrottleParts {
  store: Store
  clock: Clock
  limits(): Limits
  report(what: string, error: unknown): void
}

/** Counts what each agent asks for and refuses what is over the team's limits; the journal hears of it once a minute. */
export class Throttle {
  readonly #parts: ThrottleParts
  readonly #loads = new Map<string, Load>()

  constructor(parts: ThrottleParts) {
    this.#parts = parts
  }

  /** Before `requests` are looked at. Throws `throttled`. */
  admit(caller: Caller, door: Door, requests: number): void {
    if (caller.kind === 'operator' || requests === 0) return
    const load = this.#load(caller.address)
    const { bucket, refusal } = take(load.buckets[door], this.#parts.limits(), requests, this.#parts.clock.now())
    load.buckets[door] = bucket
    if (refusal === null) return
    const error = throttled(caller.address, refusal)
    this.#note(caller.address, error)
    throw error
  }

  /** Runs a call beside the agent's others. Throws `throttled`; what the work throws of that kind counts too. */
  async run<T>(caller: Caller, name: string, work: () => Promise<T>): Promise<T> {
    if (caller.kind === 'operator') return await work()
    const load = this.#load(caller.address)
    const wait = waitingCalls.has(name) ? 1 : 0
    try {
      const refusal = besides(load.running, load.waits, wait === 1, this.#parts.limits())
      if (refusal !== null) throw throttled(caller.address, refusal)
      return await counted(load, wait, work)
    } catch (error) {
      this.#note(caller.address, error)
      throw error
    }
  }

  /** A stream that stays open until the signal counts as a call that waits. Throws `throttled`. */
  hold(caller: Caller & { kind: 'agent' }, until: AbortSignal): void {
    if (until.aborted) return
    const load = this.#load(caller.address)
    const refusal = besides(0, load.waits, true, this.#parts.limits())
    if (refusal !== null) {
      const error = throttled(caller.address, refusal)
      this.#note(caller.address, error)
      throw error
    }
    load.waits += 1
    until.addEventListener('abort', () => (load.waits -= 1), { once: true })
  }

  /** For people: refusals since the daemon began, by limit. */
  refused(address: string): Record<string, { times: number; last: number }> {
    const tallies = this.#loads.get(address)?.tallies ?? new Map<LimitName, Tally>()
    return Object.fromEntries([...tallies].map(([limit, { total, last }]) => [limit, { times: total, last }]))
  }

  #load(address: string): Load {
    const found = this.#loads.get(address) ?? { buckets: {}, running: 0, waits: 0, tallies: new Map() }
    this.#loads.set(address, found)
    return found
  }

  #note(address: string, error: unknown): void {
    const limit = limitOf(error)
    if (limit === null) return
    const { tallies } = this.#load(address)
    const { tally, tell } = count(tallies.get(limit), this.#parts.clock.now())
    tallies.set(limit, tally)
    if (tell === 0) return
    const data = { limit, why: (error as Error).message, refused: tell }
    this.#parts.store
      .write(async (tx) => await tx.journal({ type: 'agent.throttled', subject: address, agent: address, data }))
      .catch((fault: unknown) => this.#parts.report(`telling that ${address} was throttled`, fault))
  }
}

async function counted<T>(load: Load, wait: 0 | 1, work: () => Promise<T>): Promise<T> {
  load.running += 1
  load.waits += wait
  try {
    return await work()
  } finally {
    load.running -= 1
    load.waits -= wait
  }
}
