import type { Verdict } from '../../core/gate.ts'
import type { SessionContext } from '../../core/runtime.ts'

type Gate = Parameters<SessionContext['judge']>[0]

/** After a gate that could not judge. ms */
const againMs = 1_000

interface Ask {
  /** null: nobody has to be asked. */
  gate: Gate | null
  answer(verdict: Verdict): void
  over: AbortController
}

/** Questions of a CLI that stand: each is taken to the gate once somebody can answer, and answered while it still stands. */
export class Asks {
  readonly #judge: SessionContext['judge']
  readonly #open = new Map<string, Ask>()
  #live = false

  constructor(judge: SessionContext['judge']) {
    this.#judge = judge
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  get size(): number {
    return this.#open.size
  }

  open(id: string, gate: Gate | null, answer: (verdict: Verdict) => void): void {
    const ask = { gate, answer, over: new AbortController() }
    this.#open.set(id, ask)
    if (this.#live) void this.#put(id, ask)
  }

  /** It was answered, or the CLI does not ask any more. */
  shut(id: string): void {
    this.#open.get(id)?.over.abort()
    this.#open.delete(id)
  }

  shutAll(): void {
    for (const id of [...this.#open.keys()]) this.shut(id)
  }

  /** The session is over; the CLI may still wait for the next one. */
  close(): void {
    this.#live = false
    this.shutAll()
  }

  live(): void {
    this.#live = true
    for (const [id, ask] of this.#open) void this.#put(id, ask)
  }

  /** No verdict could be had (the store is away, say): it is asked for again while the question stands. */
  #again(id: string, ask: Ask): void {
    setTimeout(() => {
      if (this.#live && this.#open.get(id) === ask) void this.#put(id, ask)
    }, againMs).unref()
  }

  async #put(id: string, ask: Ask): Promise<void> {
    const verdict: Verdict | null = ask.gate === null ? { do: 'pass' } : await this.#judge(ask.gate, ask.over.signal).catch(() => null)
    if (verdict === null) return this.#again(id, ask)
    if (this.#open.get(id) === ask && !ask.over.signal.aborted) ask.answer(verdict)
  }
}
