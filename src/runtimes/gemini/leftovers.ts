import type { FailureClass } from '../../core/restart.ts'
import type { Parcel } from '../../core/runtime.ts'
import type { Held } from './held.ts'

/** Idle for so long with mail held for its turn, it rests: what was held is brought by itself. ms */
const restMs = 2_000
/** After a turn that failed for a reason that passes, what it lost is brought again after this. ms */
const againMs = 60_000

/** What its turns left behind: messages held for a turn that ended without them, and those that a failed one lost. */
export class Leftovers {
  readonly #held: Pick<Held, 'left'>
  /** How the last turn failed. */
  #failed: FailureClass | 'unknown' | null = null
  /** What stood in the prompt that no answer came to yet. */
  #unanswered: Parcel[] = []
  #lost: Parcel[] = []

  constructor(held: Pick<Held, 'left'>) {
    this.#held = held
  }

  /** A prompt was taken, with these in it. */
  prompted(parcels: Parcel[]): void {
    this.#failed = null
    this.#unanswered = parcels
  }

  /** The model has answered: they stay in the conversation. */
  answered(): void {
    this.#unanswered = []
  }

  /** A prompt that the model never answered is taken back out of the conversation. Returns what stood in it. */
  turnFailed(how: FailureClass | 'unknown'): Parcel[] {
    this.#failed = how
    const lost = this.#unanswered
    this.#unanswered = []
    this.#lost.push(...lost)
    return lost
  }

  /** What is to be brought to one that is idle for so long (ms), or null. After a failure only what may pass by itself is tried again. */
  due(idle: number): Parcel | null {
    const [held] = this.#held.left()
    const rested = idle >= againMs && (this.#failed === null || this.#failed === 'transient')
    if (rested) return held ?? this.#lost[0] ?? null
    return this.#failed === null && idle >= restMs ? (held ?? null) : null
  }

  /** It entered. */
  brought(parcel: Parcel): void {
    this.#lost = this.#lost.filter((each) => each !== parcel)
  }
}
