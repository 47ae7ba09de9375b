import { isRecord, nameIn, tokenCount, type Cost, type Tally } from './meter.ts'

/** What a call of the Messages API cost: told at its beginning, and again with totals so far. Also of one that broke off. */
export class AnthropicTally implements Tally {
  #id: string | null = null
  #model = ''
  #tokens: Cost['tokens'] = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

  wants(text: string): boolean {
    return /"message_(start|delta)"/.test(text)
  }

  take(value: Record<string, unknown>): void {
    if (value['type'] === 'message') this.#message(value)
    if (value['type'] === 'message_start' && isRecord(value['message'])) this.#message(value['message'])
    if (value['type'] === 'message_delta') this.#count(value['usage'])
  }

  cost(): Cost | null {
    return this.#id === null ? null : { key: this.#id, model: this.#model, tokens: this.#tokens }
  }

  #message(message: Record<string, unknown>): void {
    const id = nameIn(message['id'])
    if (id === null || message['type'] !== 'message') return
    this.#id = id
    this.#model = nameIn(message['model']) ?? 'unknown'
    this.#count(message['usage'])
  }

  /** The last ones count. */
  #count(usage: unknown): void {
    if (!isRecord(usage)) return
    const { input, output, cacheRead, cacheWrite, cacheWriteLong } = this.#tokens
    const kept = usage['cache_creation']
    const long = tokenCount(isRecord(kept) ? kept['ephemeral_1h_input_tokens'] : undefined, cacheWriteLong)
    this.#tokens = {
      input: tokenCount(usage['input_tokens'], input),
      output: tokenCount(usage['output_tokens'], output),
      cacheRead: tokenCount(usage['cache_read_input_tokens'], cacheRead),
      cacheWrite: tokenCount(usage['cache_creation_input_tokens'], cacheWrite),
      // Costs more than what is kept for minutes.
      ...(long > 0 ? { cacheWriteLong: long } : {}),
    }
  }
}
