import type { Clock } from '../core/clock.ts'
import type { Rung } from '../core/ladder.ts'

/** How long proof may take while the agent is idle, before the message is offered again. ms */
export const proofPatience = 15_000
/** Offers without proof to one incarnation; after that the message waits for the agent to fetch it. */
const mostOffers = 4

interface Offer {
  incarnation: string
  /** By `Clock.elapsed`. */
  at: number
  count: number
  rung: Rung
  /** The proof is there, and being written down. */
  proved: boolean
}

/** `due`: it may be offered, for the how-manieth time. `waits`: its proof may still come, for so long, ms. */
export type OfferState = { is: 'due'; count: number } | { is: 'waits'; ms: number } | { is: 'over' }

/** What was offered and waits for its proof, by message and recipient. In memory: lost with the daemon, it is offered again. */
export class Offers {
  readonly #clock: Clock
  readonly #offers = new Map<string, Offer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Noted before the rung is tried: the proof may come while the runtime is still taking it. */
  begin(messageId: string, recipient: string, incarnation: string, rung: Rung, count: number): void {
    this.#offers.set(key(messageId, recipient), { incarnation, at: this.#clock.elapsed(), count, rung, proved: false })
  }

  /** An answer to the agent's own call carried it: on its way like any other offer, until the next sign of life. */
  handed(messageId: string, recipient: string, incarnation: string): void {
    if (!this.isOffered(messageId, recipient, incarnation)) this.begin(messageId, recipient, incarnation, 'fetch', 1)
  }

  /** Nothing can prove what was typed: typing it again would only double it. */
  typed(messageId: string, recipient: string, incarnation: string, rung: Rung): void {
    this.begin(messageId, recipient, incarnation, rung, mostOffers)
  }

  /**
   * Its proof is being written down: whoever looks in between must not take it for a message that nobody has offered. Returns
   * the rung that the proof is for: the one it was offered by, unless the agent fetched it.
   */
  proving(messageId: string, recipient: string, incarnation: string, fetched: boolean): Rung {
    const offer = this.#offers.get(key(messageId, recipient))
    const rung = !fetched && offer?.incarnation === incarnation ? offer.rung : 'fetch'
    this.#offers.set(key(messageId, recipient), { incarnation, at: this.#clock.elapsed(), count: 1, rung, proved: true })
    return rung
  }

  /** Its proof came in while the runtime was still taking it, or it is not on its way any more. */
  isSettled(messageId: string, recipient: string): boolean {
    return this.#offers.get(key(messageId, recipient))?.proved !== false
  }

  state(messageId: string, recipient: string, incarnation: string): OfferState {
    const offer = this.#offers.get(key(messageId, recipient))
    if (offer?.incarnation !== incarnation) return { is: 'due', count: 1 }
    if (offer.proved || offer.count >= mostOffers) return { is: 'over' }
    const left = offer.at + proofPatience - this.#clock.elapsed()
    return left > 0 ? { is: 'waits', ms: left } : { is: 'due', count: offer.count + 1 }
  }

  /** On its way to this incarnation, and not overdue: fetching it (again) would show it twice. */
  isOffered(messageId: string, recipient: string, incarnation: string): boolean {
    return this.overdueIn(messageId, recipient, incarnation) > 0
  }

  /** By which rung it is on its way to this incarnation; null if it is not. */
  rungOf(messageId: string, recipient: string, incarnation: string): Rung | null {
    const offer = this.#offers.get(key(messageId, recipient))
    return offer?.incarnation === incarnation ? offer.rung : null
  }

  /** How long the proof of an offer may still take, ms; 0 if it is overdue, or not on its way to this incarnation. */
  overdueIn(messageId: string, recipient: string, incarnation: string): number {
    const offer = this.#offers.get(key(messageId, recipient))
    return offer?.incarnation === incarnation ? Math.max(0, offer.at + proofPatience - this.#clock.elapsed()) : 0
  }

  /** Refused, acknowledged, or arrived: nothing of it is on its way any more. */
  forget(messageId: string, recipient: string): void {
    this.#offers.delete(key(messageId, recipient))
  }
}

function key(messageId: string, recipient: string): string {
  return `${messageId} ${recipient}`
}
