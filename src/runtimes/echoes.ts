import type { Clock } from '../core/clock.ts'
import type { Proof } from '../core/ladder.ts'
import type { Attempt, Signal } from '../core/runtime.ts'

/** Those who have given a message to a CLI and wait to hear what became of it. */
export class Echoes {
  readonly #clock: Clock
  readonly #proofOf: (marker: string) => Proof | null
  readonly #waiters = new Map<string, (attempt: Attempt | null) => void>()
  #closed = false

  /** `proofOf`: what was proved before anybody waited. */
  constructor(clock: Clock, proofOf: (marker: string) => Proof | null) {
    this.#clock = clock
    this.#proofOf = proofOf
  }

  /** What becomes of a marker within `ms`: proved, taken otherwise, or null. */
  of(marker: string, ms: number): Promise<Attempt | null> {
    return new Promise((resolve) => {
      const done = (attempt: Attempt | null): void => {
        cancel()
        this.#waiters.delete(marker)
        resolve(attempt)
      }
      const cancel = this.#clock.after(ms, () => done(null))
      this.#waiters.set(marker, done)
      const proof = this.#proofOf(marker)
      if (proof !== null) done({ result: 'proved', proof, what: 'it stands in the conversation' })
      else if (this.#closed) done(null)
    })
  }

  /** It went another way than to a proof. */
  tell(marker: string, attempt: Attempt): void {
    this.#waiters.get(marker)?.(attempt)
  }

  heard(signal: Signal): void {
    if (signal.type === 'proof') this.tell(signal.marker, { result: 'proved', proof: signal.proof, what: signal.evidence.what })
  }

  /** Nobody will hear any more. */
  close(): void {
    this.#closed = true
    for (const settle of [...this.#waiters.values()]) settle(null)
  }
}
