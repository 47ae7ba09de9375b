import type { ToolCall, Verdict } from '../core/gate.ts'
import type { Gate } from '../core/runtime.ts'

type Answered = (verdict: 'approve' | 'deny') => void

/**
 * Questions that troupe answers while the CLI shows them at its terminal, where a person may be first: that shows in the call
 * that is made, and in what the CLI does next.
 */
export class ForwardedQuestions {
  readonly #open = new Map<string, Set<Answered>>()

  /** Some question is troupe's to answer. */
  get open(): boolean {
    return this.#open.size > 0
  }

  gate(key: string, call: ToolCall, patienceMs: number, answer: (verdict: Verdict) => Record<string, unknown>): Gate {
    return {
      stage: 'prompt',
      call,
      patienceMs,
      answer,
      elsewhere: (answered) => {
        const all = this.#open.get(key) ?? new Set()
        this.#open.set(key, all.add(answered))
        return () => {
          if (all.delete(answered) && all.size === 0 && this.#open.get(key) === all) this.#open.delete(key)
        }
      },
    }
  }

  /** Nothing is asked any longer. A no at the terminal ends its turn. */
  left(verdict: 'approve' | 'deny'): void {
    for (const key of [...this.#open.keys()]) this.#answered(key, verdict)
  }

  /** The call was made. */
  made(key: string): void {
    this.#answered(key, 'approve')
  }

  #answered(key: string, verdict: 'approve' | 'deny'): void {
    const all = this.#open.get(key) ?? []
    this.#open.delete(key)
    for (const answered of all) answered(verdict)
  }
}
