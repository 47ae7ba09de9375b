import { verdictText, type Approval } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'

/** ms: after the first failure, doubled by each that follows, and the longest. */
const firstPause = 1_000
const longestPause = 300_000

export interface VerdictMailParts {
  clock: Clock
  /** Where its prompt still stands at the agent's terminal, the verdict is the answer there. False where there is none. */
  answer(approval: Approval): Promise<boolean>
  mail(agent: string, text: string, key: string): Promise<void>
  /** The agent knows, or nobody is left to know; `used` where it does so as well. */
  told(approval: Approval, used: boolean): Promise<void>
  report(what: string, error: unknown): void
}

/** Verdicts to agents that did not wait for them. Each by itself: one that cannot be sent is tried again, and holds up no other. */
export class VerdictMail {
  readonly #parts: VerdictMailParts
  /** By approval: the ways out of the pauses before another try; null while one is made. */
  readonly #pauses = new Map<string, (() => void) | null>()
  #stopped = false

  constructor(parts: VerdictMailParts) {
    this.#parts = parts
  }

  start(): void {
    this.#stopped = false
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#pauses.values()) cancel?.()
    this.#pauses.clear()
  }

  /** Never rejects. Once, whatever happens in between: the mail has a key. One that waits for its next try is left to it. */
  async send(approval: Approval): Promise<void> {
    if (!this.#pauses.has(approval.id)) await this.#try(approval, firstPause)
  }

  async #try(approval: Approval, pause: number): Promise<void> {
    if (this.#stopped) return
    const { clock, report, told, answer } = this.#parts
    const { id, n, agent } = approval
    this.#pauses.set(id, null)
    try {
      const answered = await answer(approval)
      if (!answered) await this.#mail(approval)
      await told(approval, answered)
      this.#pauses.delete(id)
    } catch (error) {
      if (this.#stopped) return
      report(`telling ${agent} how approval ${n} ended`, error)
      this.#pauses.set(id, clock.after(pause, () => void this.#try(approval, Math.min(longestPause, pause * 2))))
    }
  }

  async #mail(approval: Approval): Promise<void> {
    try {
      await this.#parts.mail(approval.agent, verdictText(approval), `approval ${approval.id} ${approval.status}`)
    } catch (error) {
      // An agent that is no longer in the team has nobody to tell; a key that was used is a mail that is out, in an older release's words.
      if (!(error instanceof TroupeError) || (error.code !== 'unknown' && error.code !== 'conflict')) throw error
    }
  }
}
