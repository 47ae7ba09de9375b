import type { Clock } from '../core/clock.ts'
import type { AgentState } from '../core/phase.ts'

/**
 * How long each back-off still takes. The time of day says so once, when a back-off is first seen; from then on it is
 * counted by `elapsed`: a clock that is set back by an hour does not make 5 s last an hour.
 */
export class Backoffs {
  readonly #clock: Clock
  readonly #ends = new Map<string, { until: number; end: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** ms, 0 or below once it is over; null where the agent is in none. Never longer than it was to take. */
  left({ address, phase, since }: AgentState): number | null {
    if (phase.name !== 'backoff') {
      this.#ends.delete(address)
      return null
    }
    const { until } = phase
    const now = this.#clock.elapsed()
    const known = this.#ends.get(address)
    const end = known?.until === until ? known.end : now + Math.min(until - this.#clock.now(), until - since)
    this.#ends.set(address, { until, end })
    return end - now
  }
}
