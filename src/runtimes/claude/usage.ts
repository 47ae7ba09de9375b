import type { UsageRecord } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'

/**
 * What one assistant record says of its model call. A message with several blocks has several records with the same
 * id and usage; one that was interrupted has a record without `stop_reason`, whose figures are those of its beginning.
 */
export function readUsage(record: Record<string, unknown>, at: number): { type: 'usage'; usage: UsageRecord; final: boolean } | null {
  const message = record['message']
  if (!isRecord(message) || !isRecord(message['usage']) || typeof message['id'] !== 'string') return null
  // Errors and notices that Claude writes in the model's place cost nothing.
  if (message['model'] === '<synthetic>') return null
  const { usage } = message
  const count = (name: string) => (typeof usage[name] === 'number' ? usage[name] : 0)
  const kept = isRecord(usage['cache_creation']) ? usage['cache_creation']['ephemeral_1h_input_tokens'] : undefined
  return {
    type: 'usage',
    final: message['stop_reason'] !== null && message['stop_reason'] !== undefined,
    usage: {
      key: message['id'],
      at,
      model: String(message['model']),
      tokens: {
        input: count('input_tokens'),
        output: count('output_tokens'),
        cacheRead: count('cache_read_input_tokens'),
        cacheWrite: count('cache_creation_input_tokens'),
        ...(typeof kept === 'number' && kept > 0 ? { cacheWriteLong: kept } : {}),
      },
    },
  }
}

/** Gives each model call with its last figures: at its end, or when the next one shows that it was cut short. */
export class Meter {
  readonly #told = new Set<string>()
  #open: UsageRecord | null = null
  /** Of the open call, what was told before. */
  #shown: UsageRecord | null = null

  add(usage: UsageRecord, final: boolean): UsageRecord[] {
    if (this.#told.has(usage.key)) return []
    const before = this.#open !== null && this.#open.key !== usage.key ? this.cut() : []
    this.#open = usage
    return final ? [...before, ...this.cut()] : before
  }

  /** The call that is open, as far as is known: after an interrupt nothing may follow that would show its end. Its last figures replace these. */
  soFar(): UsageRecord[] {
    if (this.#open === null || this.#open === this.#shown) return []
    this.#shown = this.#open
    return [this.#open]
  }

  /** The call that is open ended without an end of its own. */
  cut(): UsageRecord[] {
    const usage = this.#open
    this.#open = null
    if (usage === null || this.#told.has(usage.key)) return []
    this.#told.add(usage.key)
    return [usage]
  }
}
