import { randomUUID } from 'node:crypto'
import { isRecord, nameIn, tokenCount, type Cost, type Tally } from './meter.ts'

/** What a call of the Responses API cost: told with its end alone. */
export class ResponsesTally implements Tally {
  #cost: Cost | null = null

  wants(text: string): boolean {
    return /"response\.(completed|incomplete|failed|cancelled|done)"/.test(text)
  }

  take(value: Record<string, unknown>): void {
    const response = isRecord(value['response']) ? value['response'] : value
    const { usage } = response
    if (!isRecord(usage)) return
    const details = isRecord(usage['input_tokens_details']) ? usage['input_tokens_details'] : {}
    const tokens = counts({ prompt: usage['input_tokens'], cached: details['cached_tokens'], written: details['cache_write_tokens'], output: usage['output_tokens'], total: usage['total_tokens'] })
    this.#cost = { key: nameIn(response['id']) ?? randomUUID(), model: nameIn(response['model']) ?? 'unknown', tokens }
  }

  cost(): Cost | null {
    return this.#cost
  }
}

/** What a call of Chat Completions cost: told with the last chunk of a stream, where the caller asks for it. Some that are compatible tell it in places of their own. */
export class ChatTally implements Tally {
  #cost: Cost | null = null

  wants(text: string): boolean {
    return /"usage"\s*:\s*\{/.test(text)
  }

  take(value: Record<string, unknown>): void {
    const beside = value['x_groq']
    const usage = isRecord(beside) && !isRecord(value['usage']) ? beside['usage'] : value['usage']
    if (!isRecord(usage)) return
    const details = isRecord(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {}
    const cached = details['cached_tokens'] ?? usage['prompt_cache_hit_tokens']
    const tokens = counts({ prompt: usage['prompt_tokens'], cached, written: details['cache_write_tokens'], output: usage['completion_tokens'], total: usage['total_tokens'] })
    this.#cost = { key: nameIn(value['id']) ?? this.#cost?.key ?? randomUUID(), model: nameIn(value['model']) ?? 'unknown', tokens }
  }

  cost(): Cost | null {
    return this.#cost
  }
}

interface Told {
  prompt: unknown
  cached: unknown
  written: unknown
  output: unknown
  total: unknown
}

/** Of the prompt, what the cache gave and took is counted in. What is neither prompt nor answer in the total was thought, and costs as answers do. */
function counts(told: Told): Cost['tokens'] {
  const prompt = tokenCount(told.prompt)
  const [cacheRead, cacheWrite] = [tokenCount(told.cached), tokenCount(told.written)]
  const output = Math.max(tokenCount(told.output), tokenCount(told.total) - prompt)
  return { input: Math.max(0, prompt - cacheRead - cacheWrite), output, cacheRead, cacheWrite }
}
