import type { Signals } from '../signals.ts'
import { classify } from './failure.ts'
import { teamServer } from './config.ts'
import type { Item, Turn } from './protocol.ts'

/** Items of a turn that are work, where they came to something. */
const work = new Set(['commandExecution', 'fileChange', 'mcpToolCall', 'webSearch', 'imageView'])

/** The turn that runs, and what it came to. */
export class Turns {
  readonly #signals: Signals
  readonly #clock: { now(): number }
  #id: string | null = null
  #said = ''
  #retried = false
  #compacted = 0
  #waiting: ((turn: Turn | null) => void)[] = []

  /** `clock`: of what is heard, which may be told again. */
  constructor(signals: Signals, clock: { now(): number }) {
    this.#signals = signals
    this.#clock = clock
  }

  /** null: none, as far as is known. */
  get running(): string | null {
    return this.#id
  }

  /** How often the conversation was shortened, by itself or because it was asked. */
  get compacted(): number {
    return this.#compacted
  }

  /** The turn that ends next; null where nobody will hear of it. */
  next(): Promise<Turn | null> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Nothing is heard any more. */
  lost(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(null)
  }

  /** `null`: nothing is known any more. */
  began(id: string | null): void {
    this.#id = id
    this.#said = ''
    this.#retried = false
  }

  itemDone(item: Item): void {
    if (item.type === 'contextCompaction') this.#compacted += 1
    if (item.type === 'agentMessage' && typeof item['text'] === 'string') this.#said = item['text']
    if (work.has(item.type) && item.status !== 'failed' && item.status !== 'declined' && item.server !== teamServer) this.#signals.emit({ type: 'work', tool: item.tool ?? item.type })
  }

  /** Once for each turn. */
  retried(why: string): void {
    if (!this.#retried) this.#signals.emit({ type: 'note', evidence: { at: this.#clock.now(), what: `the model is asked again: ${why}`, source: 'app-server' } })
    this.#retried = true
  }

  ended(turn: Turn): void {
    if (this.#id === turn.id) this.#id = null
    if (this.#said !== '') this.#signals.emit({ type: 'said', text: this.#said, at: this.#clock.now() })
    this.#said = ''
    this.#failed(turn, { at: this.#clock.now(), source: 'app-server' })
    for (const resolve of this.#waiting.splice(0)) resolve(turn)
  }

  /** One that ended before anybody listened: what it failed with may be known, by its time. */
  found(turn: Turn): void {
    this.#failed(turn, { at: typeof turn.completedAt === 'number' ? turn.completedAt * 1000 : this.#clock.now(), source: 'transcript' })
  }

  #failed({ status, error }: Turn, { at, source }: { at: number; source: string }): void {
    if (status !== 'failed' || error === null || error === undefined) return
    const failure = classify(error, at)
    const evidence = { at, what: `turn failed: ${error.message}`, source }
    this.#signals.emit(failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence })
  }
}
