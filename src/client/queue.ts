/** Values pushed by one side and pulled by the other, in order; `end` or `fail` after the last one. */
export class Queue<T> {
  #items: T[] = []
  #state: { name: 'open' } | { name: 'ended' } | { name: 'failed'; error: unknown } = { name: 'open' }
  #wake: () => void = () => undefined

  get length(): number {
    return this.#items.length
  }

  push(item: T): void {
    this.#items.push(item)
    this.#wake()
  }

  end(): void {
    if (this.#state.name === 'open') this.#state = { name: 'ended' }
    this.#wake()
  }

  fail(error: unknown): void {
    if (this.#state.name === 'open') this.#state = { name: 'failed', error }
    this.#wake()
  }

  /** One reader only. */
  async *read(): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift() as T
      if (this.#state.name === 'failed') throw this.#state.error
      if (this.#state.name === 'ended') return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
