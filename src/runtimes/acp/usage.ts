import type { UsageRecord } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'

export type Told = Pick<UsageRecord, 'model' | 'tokens'>

/**
 * The tokens of a turn as the agent tells them in its answer to the prompt, by model; none where it tells none. They are the
 * agent's own word: OpenCode tells of a turn's last call alone, Gemini CLI counts what came from the cache as input.
 * `model`: for an agent that names none.
 */
export function usageOf(result: unknown, model: string): Told[] {
  if (!isRecord(result)) return []
  const { usage, _meta: meta } = result
  if (isRecord(usage)) return told(model, usage['inputTokens'], [usage['outputTokens'], usage['thoughtTokens']], usage['cachedReadTokens'], usage['cachedWriteTokens'])
  const quota = isRecord(meta) ? meta['quota'] : null
  const byModel = isRecord(quota) && Array.isArray(quota['model_usage']) ? quota['model_usage'].filter(isRecord) : []
  return byModel.flatMap(({ model: name, token_count: counts }) => (isRecord(counts) ? told(typeof name === 'string' ? name : model, counts['input_tokens'], [counts['output_tokens']]) : []))
}

function told(model: string, input: unknown, output: unknown[], cacheRead?: unknown, cacheWrite?: unknown): Told[] {
  const tokens = { input: count(input), output: output.reduce<number>((sum, each) => sum + count(each), 0), cacheRead: count(cacheRead), cacheWrite: count(cacheWrite) }
  return Object.values(tokens).some((each) => each > 0) ? [{ model, tokens }] : []
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0
}
