import { NotNow, persist, post } from './post.ts'

export type State = { event: 'idle' } | { event: 'busy' }

/** What the agent tells the daemon: facts that must arrive, in order. */
export type Report =
  | { event: 'ready'; session: string; resumed: boolean }
  | { event: 'taken'; text: string }
  /** The last words of a turn. */
  | { event: 'said'; text: string }
  /** An own tool did what it was asked for. */
  | { event: 'worked'; tool: string }
  | { event: 'failure'; class: 'auth' | 'quota' | 'other'; why: string; until: number | null }
  | {
      event: 'usage'
      key: string
      at: number
      model: string
      tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
    }

interface Kept {
  unsent: Report[]
  save(): void
}

/**
 * Posts to the daemon's hook sink. Facts are kept with the conversation until they are sent; of states
 * only the newest counts, and it is sent again when the daemon was away.
 */
export class Reports {
  readonly #post: (body: unknown) => Promise<void>
  readonly #kept: Kept
  readonly #signal: AbortSignal
  #state: State | null = null
  #stateSent = true
  #sending: Promise<void> | null = null

  constructor(url: string, token: string, kept: Kept, print: (text: string) => void, signal: AbortSignal) {
    this.#kept = kept
    this.#signal = signal
    this.#post = async (body) => {
      const { status, body: said } = await post(url, token, body, signal)
      if (status >= 500 || status === 401 || status === 429) throw new NotNow(`${url} answers ${status}`)
      // It would be refused again, so it is let go.
      if (status >= 400 || said.startsWith('{"error"')) print(`The team did not take a report (${status}): ${said.slice(0, 200)}`)
    }
    // Usage counts whenever it arrives; what else an earlier run had to say is about that run.
    kept.unsent.splice(0, Infinity, ...kept.unsent.filter((report) => report.event === 'usage'))
    if (kept.unsent.length > 0) this.#send()
  }

  add(report: Report): void {
    this.#kept.unsent.push(report)
    this.#kept.save()
    this.#send()
  }

  state(state: State): void {
    this.#state = state
    this.resend()
  }

  /** The daemon may have forgotten. */
  resend(): void {
    if (this.#state === null) return
    this.#stateSent = false
    this.#send()
  }

  /** Resolves when all is sent, or after `ms`. */
  async settled(ms: number): Promise<void> {
    await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, ms))])
  }

  #send(): void {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null
    })
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const report = this.#kept.unsent[0]
      if (report !== undefined) {
        await persist(() => this.#post(report), this.#signal)
        this.#kept.unsent.shift()
        this.#kept.save()
      } else if (!this.#stateSent) {
        this.#stateSent = true
        await persist(() => this.#postState(), this.#signal)
      } else return
    }
  }

  /** Reads the state anew for every try: it may have changed while the daemon was away. */
  async #postState(): Promise<void> {
    await this.#post(this.#state)
  }
}
