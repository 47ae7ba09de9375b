import type { Signal } from '../core/runtime.ts'

/** Hands signals to those who listen; what came before anybody did is kept for the first. */
export class Signals {
  readonly #listeners = new Set<(signal: Signal) => void>()
  /** The session itself, which listens to what it says. */
  readonly #own: (signal: Signal) => void
  #early: Signal[] | null = []

  constructor(own: (signal: Signal) => void) {
    this.#own = own
  }

  emit(signal: Signal): void {
    this.#own(signal)
    if (this.#early !== null) this.#early.push(signal)
    for (const listener of this.#listeners) listener(signal)
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener)
    const early = this.#early ?? []
    this.#early = null
    for (const signal of early) listener(signal)
    return () => this.#listeners.delete(listener)
  }
}
