import type { Clock } from '../core/clock.ts'
import { isForRun, type Message } from '../core/message.ts'
import type { Delivery } from '../core/delivery.ts'
import { portion } from '../core/portion.ts'
import type { Store } from '../store/store.ts'
import type { Deliverer } from './deliverer.ts'
import type { Offers } from './offers.ts'

/** A call ends well before the first client gives up on it. ms */
const longestWatch = 45_000

interface Handed {
  delivered: Set<string>
  acked: Set<string>
}

type Open = { message: Message; delivery: Delivery }

/**
 * Mail that agents fetch by themselves. What an answer carried counts only once the same incarnation shows
 * by its next request (or hook) that the answer arrived; until then it is kept here, and lost with the daemon,
 * which is safe: the mail is shown again.
 */
export class Fetching {
  readonly #store: Store
  readonly #clock: Clock
  readonly #deliverer: Deliverer
  readonly #offers: Offers
  readonly #isLeaving: (recipient: string) => boolean
  readonly #handed = new Map<string, Handed>()
  /** Confirmations under way, by incarnation. */
  readonly #confirming = new Map<string, Promise<void>>()
  readonly #watchers = new Map<string, Set<() => void>>()
  /** Calls that wait for mail now, by incarnation. */
  readonly #waiting = new Map<string, number>()

  /** `isLeaving`: an agent that is about to be ended, or is kept from working: new mail would begin a turn. */
  constructor(store: Store, clock: Clock, deliverer: Deliverer, offers: Offers, isLeaving: (recipient: string) => boolean) {
    this.#isLeaving = isLeaving
    this.#store = store
    this.#clock = clock
    this.#deliverer = deliverer
    this.#offers = offers
    deliverer.subscribe((recipient) => this.arrived(recipient))
    deliverer.yieldTo((incarnation) => (this.#waiting.get(incarnation) ?? 0) > 0)
  }

  /**
   * Called first at every sign of life of an incarnation: what its earlier answers carried has arrived. Requests of one
   * agent come side by side: each waits for what another one has begun to confirm, else it would be shown that again.
   */
  async confirm(recipient: string, incarnation: string): Promise<void> {
    const earlier = this.#confirming.get(incarnation)
    const handed = this.#handed.get(incarnation)
    this.#handed.delete(incarnation)
    if (handed === undefined) return await earlier?.catch(() => undefined) // told to whom it failed; its mail is shown again
    const work = this.#record(recipient, incarnation, handed, this.#clock.now(), earlier)
    this.#confirming.set(incarnation, work)
    try {
      await work
    } finally {
      if (this.#confirming.get(incarnation) === work) this.#confirming.delete(incarnation)
    }
  }

  async #record(recipient: string, incarnation: string, { delivered, acked }: Handed, at: number, earlier: Promise<void> | undefined): Promise<void> {
    await earlier?.catch(() => undefined) // told to whom it failed; its mail is shown again
    await Promise.all([...delivered].map(async (id) => await this.#deliverer.delivered(recipient, incarnation, id, 'tool', { at, what: 'fetched by the agent' })))
    if (acked.size > 0) await this.ack(recipient, incarnation, [...acked])
  }

  /** Notes what an answer carried. Not called for an answer whose caller went away. */
  hand(recipient: string, incarnation: string, ids: string[], done: boolean): void {
    const handed = this.#handed.get(incarnation) ?? { delivered: new Set(), acked: new Set() }
    for (const id of ids) {
      ;(done ? handed.acked : handed.delivered).add(id)
      this.#offers.handed(id, recipient, incarnation)
    }
    this.#handed.set(incarnation, handed)
  }

  forget(incarnation: string): void {
    this.#handed.delete(incarnation)
  }

  /** Acknowledges what is this recipient's own; says how many changed. */
  async ack(recipient: string, incarnation: string, messageIds: string[]): Promise<number> {
    const at = this.#clock.now()
    const count = await this.#store.write(async (tx) => {
      let acked = 0
      for (const id of messageIds) {
        const before = await tx.deliveries.get(id, recipient)
        const firstSeen = before?.deliveredAt ?? at
        const proof = before?.proof ?? 'tool'
        const unseen = before?.state === 'queued'
        // Who is done with it before its rung could say that it took it.
        const rung = unseen ? this.#offers.rungOf(id, recipient, incarnation) : null
        const way = rung === null ? {} : { rung }
        const change = { state: 'acked', ackedAt: at, deliveredAt: firstSeen, proof, typed: false, ...(unseen ? { incarnation, ...way } : {}) } as const
        if (!(await tx.deliveries.update(id, recipient, ['queued', 'delivered'], change))) continue
        acked += 1
        await tx.journal({ type: 'delivery.acked', subject: id, agent: recipient, data: { n: before?.n ?? null, to: recipient, incarnation, ...(unseen ? { unseen, ...way } : {}) } })
      }
      return acked
    })
    for (const id of messageIds) this.#deliverer.forget(id, recipient)
    return count
  }

  async open(recipient: string, limit: number): Promise<Open[]> {
    return await this.#store.read((db) => db.deliveries.open(recipient, limit))
  }

  /**
   * Hands out the open mail that this incarnation has not got yet; waits for some, and while it does nothing is pushed.
   * Empty at the end of the time.
   */
  async watch(recipient: string, incarnation: string, timeoutMs: number, signal: AbortSignal): Promise<Open[]> {
    this.#waiting.set(incarnation, (this.#waiting.get(incarnation) ?? 0) + 1)
    try {
      const fresh = portion(await this.#fresh(recipient, incarnation, timeoutMs, signal))
      if (signal.aborted) return []
      this.hand(recipient, incarnation, fresh.map(({ message }) => message.id), false)
      return fresh
    } finally {
      const others = (this.#waiting.get(incarnation) ?? 1) - 1
      if (others > 0) this.#waiting.set(incarnation, others)
      else this.#waiting.delete(incarnation)
      // What came and was not handed out goes the other ways now.
      this.#deliverer.wake(recipient)
    }
  }

  async #fresh(recipient: string, incarnation: string, timeoutMs: number, signal: AbortSignal): Promise<Open[]> {
    const until = this.#clock.elapsed() + Math.min(timeoutMs, longestWatch)
    for (;;) {
      const arrived = this.#arrival(recipient, signal)
      const due = await this.#store.read((db) => db.deliveries.due(recipient, incarnation, 0, 100))
      const fresh = this.#inTurn(due, recipient, incarnation)
      const left = until - this.#clock.elapsed()
      if (fresh.length > 0 || left <= 0 || signal.aborted) {
        arrived.cancel()
        return fresh.slice(0, 20)
      }
      const cancelTimer = this.#clock.after(Math.min(left, this.#overdue(due, recipient, incarnation)), arrived.cancel)
      await arrived.promise
      cancelTimer()
    }
  }

  /** Without what is on its way by another rung, and without what the same senders said after that. */
  #inTurn(due: Open[], recipient: string, incarnation: string): Open[] {
    const held = new Set<string>()
    return due.filter(({ message }) => {
      // Who is about to go begins nothing new.
      if (!isForRun(message, incarnation) || (message.control === null && this.#isLeaving(recipient))) return false
      if (this.#offers.isOffered(message.id, recipient, incarnation)) held.add(message.from)
      return !held.has(message.from)
    })
  }

  /** When the first of these that is on its way by another rung may be fetched after all, ms from now. */
  #overdue(due: Open[], recipient: string, incarnation: string): number {
    const times = due.map(({ message }) => this.#offers.overdueIn(message.id, recipient, incarnation)).filter((ms) => ms > 0)
    return Math.min(longestWatch, ...times)
  }

  /** New mail was committed, or mail that was on its way came back. */
  arrived(recipient: string): void {
    for (const wake of this.#watchers.get(recipient) ?? []) wake()
  }

  #arrival(recipient: string, signal: AbortSignal): { promise: Promise<void>; cancel: () => void } {
    let cancel = () => {}
    const promise = new Promise<void>((resolve) => {
      const set = this.#watchers.get(recipient) ?? new Set()
      this.#watchers.set(recipient, set)
      cancel = () => {
        set.delete(cancel)
        signal.removeEventListener('abort', cancel)
        resolve()
      }
      set.add(cancel)
      signal.addEventListener('abort', cancel)
    })
    return { promise, cancel }
  }
}
