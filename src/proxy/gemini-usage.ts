import { randomUUID } from 'node:crypto'
import { isRecord, nameIn, tokenCount, type Cost, type Tally } from './meter.ts'

/** What a call of generateContent cost: totals so far in each piece of a stream, or with its last one. */
export class GeminiTally implements Tally {
  #id: string | null = null
  #model: string
  #tokens: Cost['tokens'] | null = null

  /** `model` as it was asked for: an answer may name none. */
  constructor(model: string | null) {
    this.#model = model ?? 'unknown'
  }

  wants(text: string): boolean {
    return text.includes('"usageMetadata"')
  }

  take(value: Record<string, unknown>): void {
    const usage = value['usageMetadata']
    if (!isRecord(usage)) return
    this.#id ??= nameIn(value['responseId'])
    this.#model = nameIn(value['modelVersion']) ?? this.#model
    const count = (name: string): number => tokenCount(usage[name])
    const [prompt, cacheRead, tools] = [count('promptTokenCount'), count('cachedContentTokenCount'), count('toolUsePromptTokenCount')]
    const said = count('candidatesTokenCount') + count('thoughtsTokenCount')
    this.#tokens = { input: Math.max(0, prompt - cacheRead) + tools, output: Math.max(said, count('totalTokenCount') - prompt - tools), cacheRead, cacheWrite: 0 }
  }

  cost(): Cost | null {
    return this.#tokens === null ? null : { key: this.#id ?? randomUUID(), model: this.#model, tokens: this.#tokens }
  }
}
