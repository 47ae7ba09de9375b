import type { Parcel } from '../../core/runtime.ts'

/** So many turns in a row are made longer; then it may rest. */
const mostTurns = 8

/**
 * Messages for a running turn: handed over with the next tool's answer, or at the turn's end, which then is none. What was
 * handed over stays here until it is proved: an answer to a hook can be lost.
 */
export class Held {
  readonly #waiting = new Map<string, Parcel>()
  readonly #given = new Map<string, Parcel>()
  #turns = 0

  hold(parcel: Parcel): void {
    this.#given.delete(parcel.marker)
    this.#waiting.set(parcel.marker, parcel)
  }

  /** It went another way, or it is proved. */
  drop(marker: string): void {
    this.#waiting.delete(marker)
    this.#given.delete(marker)
  }

  turnBegan(): void {
    this.#turns = 0
  }

  /** The text to add to a tool's answer, or null. */
  forTool(): string | null {
    return this.#give()
  }

  /** The text that makes the turn go on, or null. */
  forTurnEnd(): string | null {
    if (this.#waiting.size === 0 || this.#turns >= mostTurns) return null
    this.#turns += 1
    return this.#give()
  }

  /** What no turn has taken. */
  left(): Parcel[] {
    return [...this.#waiting.values(), ...this.#given.values()]
  }

  #give(): string | null {
    if (this.#waiting.size === 0) return null
    const parcels = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const parcel of parcels) this.#given.set(parcel.marker, parcel)
    return parcels.map(({ text }) => text).join('\n\n')
  }
}
