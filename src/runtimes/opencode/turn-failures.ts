import type { Clock } from '../../core/clock.ts'
import type { Signals } from '../signals.ts'
import { classify, classifyRetry, isAborted, textOf } from './failure.ts'

interface Parts {
  clock: Clock
  signals: Signals
  /** Ends the turn that is tried again and again. */
  interrupt(): Promise<void>
}

const source = 'http'

/** What the model's API does to the turns, told once for each thing that happens in a turn. */
export class TurnFailures {
  readonly #parts: Parts
  #told: string | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  turnBegan(): void {
    this.#told = null
  }

  /** A status `retry`: OpenCode waits, and will ask again. */
  retry(status: Record<string, unknown>): void {
    const [attempt, message, next] = [Number(status['attempt']), String(status['message']), Number(status['next'])]
    const { clock, signals, interrupt } = this.#parts
    const at = clock.now()
    const failure = classifyRetry({ attempt, message, next }, at)
    if (failure === null) {
      this.#once(`retry ${attempt} ${message}`, () => signals.emit({ type: 'note', evidence: { at, what: `its model is asked again after a failure (${attempt}): ${message}`, source } }))
      return
    }
    this.#once(`failed ${message}`, () => {
      // Left alone it would go on by itself, beside what the team's rules do about it.
      interrupt()
        .catch((error: unknown) => signals.emit({ type: 'note', evidence: { at, what: `its turn cannot be ended: ${String(error)}`, source } }))
        .finally(() => signals.emit({ type: 'failure', ...failure, evidence: { at, what: `asked in vain ${attempt} times: ${message}`, source } }))
    })
  }

  /** The turn has ended with that. Returns whether it was broken off on purpose. */
  failed(error: unknown): boolean {
    if (isAborted(error)) return true
    const { clock, signals } = this.#parts
    const at = clock.now()
    const failure = classify(error, at)
    const evidence = { at, what: `turn failed: ${textOf(error)}`, source }
    this.#once(`failed ${textOf(error)}`, () => signals.emit(failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence }))
    return false
  }

  #once(what: string, tell: () => void): void {
    if (this.#told === what) return
    this.#told = what
    tell()
  }
}
