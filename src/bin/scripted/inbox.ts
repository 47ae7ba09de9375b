/** Something for the model to read: mail, or a line typed at the terminal. */
export interface Given {
  text: string
  /** Numbers of the mail in it. */
  mails: number[]
  /** Came by the terminal, where its sender waits to hear that it was taken in. */
  typed: boolean
}

/** What waits to enter the conversation. */
export class Inbox {
  #waiting: Given[] = []
  readonly #seen = new Set<number>()
  #wake: (() => void)[] = []

  /** Mail that this run has had already, by whichever way, is left out. */
  add(given: Given): void {
    const fresh = given.mails.filter((n) => !this.#seen.has(n))
    if (given.mails.length > 0 && fresh.length === 0) return
    for (const n of fresh) this.#seen.add(n)
    this.#waiting.push(given)
    this.#notify()
  }

  /** Which of these numbers this run has not had. */
  unseen(numbers: readonly number[]): number[] {
    return numbers.filter((n) => !this.#seen.has(n))
  }

  take(): Given[] {
    const taken = this.#waiting
    this.#waiting = []
    this.#notify()
    return taken
  }

  /** Resolves when there is something, or when all was taken. */
  async until(what: 'some' | 'none'): Promise<void> {
    while (this.#waiting.length > 0 !== (what === 'some')) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }
}
