import type { Clock } from '../../core/clock.ts'
import type { Parcel } from '../../core/runtime.ts'
import type { Parcels } from '../parcels.ts'

interface Parts {
  parcels: Parcels
  /** Rejects where Codex does not take it. */
  send(parcel: Parcel): Promise<void>
  isProved(marker: string): boolean
}

/** Messages on their way into the conversation: held while a question stands, given to a turn, seen in it. */
export class Outgoing {
  readonly #parts: Parts
  #held: Parcel[] = []
  #given: Parcel[] = []
  readonly #waiters = new Map<string, () => void>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  hold(parcel: Parcel): void {
    this.#held = [...without(this.#held, parcel), parcel]
  }

  async give(parcel: Parcel): Promise<void> {
    this.#held = without(this.#held, parcel)
    this.#given = [...without(this.#given, parcel), parcel]
    this.#parts.parcels.add(parcel, 'push')
    try {
      await this.#parts.send(parcel)
    } catch (error) {
      this.#given = without(this.#given, parcel)
      throw error
    }
  }

  /** The question is answered. */
  async release(): Promise<void> {
    await this.#giveAll(this.#held.splice(0))
  }

  /** A turn is over: what was given to it, and did not get in, is given anew. */
  async again(): Promise<void> {
    const left = this.#given.filter(({ marker }) => !this.#parts.isProved(marker))
    this.#given = []
    await this.#giveAll(left)
  }

  /** One that is not taken holds up none of the others. Rejects with what was wrong with the last. */
  async #giveAll(parcels: readonly Parcel[]): Promise<void> {
    let wrong: unknown = null
    for (const parcel of parcels) await this.give(parcel).catch((error: unknown) => (wrong = error))
    if (wrong !== null) throw wrong
  }

  /** The turn is stopped on purpose: nothing begins another. What is left is offered again by whoever gave it. */
  forget(): void {
    this.#given = []
  }

  proved(marker: string): void {
    this.#given = this.#given.filter((each) => each.marker !== marker)
    this.#waiters.get(marker)?.()
  }

  /** Whether it got in within `ms`. */
  echo(marker: string, ms: number, clock: Clock): Promise<boolean> {
    if (this.#parts.isProved(marker)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (isIn: boolean): void => {
        cancel()
        this.#waiters.delete(marker)
        resolve(isIn)
      }
      const cancel = clock.after(ms, () => done(false))
      this.#waiters.set(marker, () => done(true))
    })
  }
}

function without(parcels: readonly Parcel[], { id }: Parcel): Parcel[] {
  return parcels.filter((each) => each.id !== id)
}
