import type { Parcel } from '../../core/runtime.ts'

/** Claude overrides a Stop hook that blocked 9 times in a row; we stop before that. */
const mostBlocks = 8

/** Messages that wait for the end of the running turn, and the answer to the Stop hook that hands them over. */
export class TurnEnd {
  #held: Parcel[] = []
  #blocks = 0

  hold(parcel: Parcel): void {
    this.drop(parcel)
    this.#held.push(parcel)
  }

  /** It went another way. */
  drop(parcel: Parcel): void {
    this.#held = this.#held.filter((each) => each.id !== parcel.id)
  }

  /** The answer to a Stop hook: the turn goes on with the messages that are held, if it may go on once more. */
  answer(again: boolean): Record<string, unknown> {
    if (!again) this.#blocks = 0
    if (this.#held.length === 0 || this.#blocks >= mostBlocks) return {}
    const reason = this.#held.map((parcel) => parcel.text).join('\n\n')
    this.#held = []
    this.#blocks++
    return { decision: 'block', reason }
  }
}
