import type { ToolCall } from '../../core/gate.ts'
import type { AppServer } from './app-server.ts'
import { shellWords } from './hooks.ts'
import { answerTo, type Question } from './protocol.ts'

/** What stands at the terminal and can be answered from here too; the first answer counts. */
export class Questions {
  readonly #open = new Map<string | number, Question>()

  asked(question: Question): void {
    this.#open.set(question.id, question)
  }

  /** Somebody answered it. */
  over(id: string | number): void {
    this.#open.delete(id)
  }

  clear(): void {
    this.#open.clear()
  }

  get last(): Question | null {
    return [...this.#open.values()].at(-1) ?? null
  }

  /** Answers the question about exactly this call. False where there is none. */
  settle({ input }: Pick<ToolCall, 'input'>, verdict: 'approve' | 'deny', server: AppServer): boolean {
    const { command } = input as { command?: unknown }
    for (const question of this.#open.values()) {
      if (question.method !== 'item/commandExecution/requestApproval' || typeof command !== 'string' || !isOf(question.params.command ?? '', command)) continue
      const answer = answerTo(question, verdict)
      if (answer === null) continue
      server.answer(question, answer)
      this.#open.delete(question.id)
      return true
    }
    return false
  }
}

/** The question names what the shell is started with: `/bin/bash -lc 'touch x'`. */
function isOf(asked: string, command: string): boolean {
  const [, words] = /^\S+ -l?c (.+)$/s.exec(asked) ?? []
  return asked === command || words === command || words === shellWords([command])
}
