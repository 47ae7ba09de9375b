import type { Clock } from '../core/clock.ts'
import type { ToolLine } from '../core/runtime.ts'

interface Line {
  /** By `Clock.elapsed`. */
  heardAt: number | null
  /** Subscriptions that are open. */
  listening: number
}

/** Which incarnations have asked the team's tools for anything, and which of them listen there now. In memory. */
export class ToolLines {
  readonly #clock: Clock
  readonly #lines = new Map<string, Line>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `until`: it listens until this aborts, which it does before it knows what there is; null for a request that was answered. */
  heard(incarnation: string, until: AbortSignal | null): void {
    const line = this.#lines.get(incarnation) ?? { heardAt: null, listening: 0 }
    this.#lines.set(incarnation, line)
    if (until === null) line.heardAt = this.#clock.elapsed()
    if (until === null || until.aborted) return
    line.listening += 1
    until.addEventListener('abort', () => (line.listening -= 1), { once: true })
  }

  of(incarnation: string): ToolLine {
    return {
      open: () => (this.#lines.get(incarnation)?.listening ?? 0) > 0,
      heardAt: () => this.#lines.get(incarnation)?.heardAt ?? null,
    }
  }

  forget(incarnation: string): void {
    this.#lines.delete(incarnation)
  }
}
