import type { UsageRecord } from './runtime.ts'
import type { Nano } from './money.ts'

/** US dollars for a million tokens. Null where the price is not known; no token of that kind can be priced then. */
export interface Rates {
  input: number
  output: number
  cacheRead: number | null
  /** Kept for the shorter time, or the only one. */
  cacheWrite: number | null
  /** Kept for an hour. */
  cacheWriteLong: number | null
}

/** What one model costs from a day on. */
export interface Price extends Rates {
  /** A model's id, or what ids of the model begin with: a date or a suffix in brackets may follow. */
  model: string
  /** ms; 0 where it held from the model's first day. */
  from: number
  /** For a call whose prompt, cached parts included, has more tokens than this: all of it costs these. */
  above?: { tokens: number; rates: Rates }
  /** Where the figure was read, and when (YYYY-MM-DD). The team's own have its file. */
  source: string
}

/** Prices that win over those that come along, in the words of team-compose.yaml. */
export type OwnPrices = Readonly<Record<string, Rates>>

/** The team's own price for a model or what its id begins with, else the table's newest at that time. Null: unknown. */
export function priceOf(model: string, at: number, table: readonly Price[], own: OwnPrices): Rates | null {
  const named = longest(Object.keys(own).filter((name) => model.startsWith(name)))
  if (named !== undefined) return own[named] ?? null
  const fitting = table.filter((price) => price.from <= at && fits(price.model, model))
  const best = longest(fitting.map((price) => price.model))
  return fitting.filter((price) => price.model === best).toSorted((a, b) => b.from - a.from)[0] ?? null
}

/** Nothing else than a date, a version of the serving or a suffix in brackets may follow: the next model has another price. */
function fits(name: string, model: string): boolean {
  const rest = model.slice(name.length)
  return model.startsWith(name) && /^([-@]?\d{8}.*|-latest|-v\d.*|\[.*\])?$/.test(rest)
}

function longest(names: string[]): string | undefined {
  return names.toSorted((a, b) => b.length - a.length)[0]
}

/** No call has more. */
const mostTokens = 1e9

/**
 * What a record says of a call, as far as a call can be so: whoever writes it, less than nothing is never spent, parts of a
 * token neither, and nothing tomorrow, which would count anew on each day until then.
 */
export function plausible(usage: UsageRecord, now: number): UsageRecord {
  const count = (value: number): number => (Number.isFinite(value) ? Math.min(mostTokens, Math.max(0, Math.ceil(value))) : 0)
  const { input, output, cacheRead, cacheWrite, cacheWriteLong } = usage.tokens
  const written = count(cacheWrite)
  const long = Math.min(written, count(cacheWriteLong ?? 0))
  const tokens = { input: count(input), output: count(output), cacheRead: count(cacheRead), cacheWrite: written, ...(long > 0 ? { cacheWriteLong: long } : {}) }
  return { ...usage, at: Number.isFinite(usage.at) ? Math.min(usage.at, now) : now, tokens }
}

const millionth = 1_000_000n

/** What one model call costs, a fraction of a billionth rounded up. Null: a price is missing. */
export function costOf({ model, at, tokens }: Pick<UsageRecord, 'model' | 'at' | 'tokens'>, table: readonly Price[], own: OwnPrices): Nano | null {
  const price: (Rates & { above?: Price['above'] }) | null = priceOf(model, at, table, own)
  if (price === null) return null
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite
  const rates = price.above !== undefined && prompt > price.above.tokens ? price.above.rates : price
  const long = tokens.cacheWriteLong ?? 0
  const parts: [number, number | null][] = [
    [tokens.input, rates.input],
    [tokens.output, rates.output],
    [tokens.cacheRead, rates.cacheRead],
    [tokens.cacheWrite - long, rates.cacheWrite],
    [long, rates.cacheWriteLong],
  ]
  let sum = 0n
  for (const [count, rate] of parts) {
    if (count === 0) continue
    if (rate === null) return null
    // A dollar for a million tokens is a thousand billionths for each.
    sum += BigInt(count) * BigInt(Math.round(rate * 1_000_000_000))
  }
  return Number((sum + millionth - 1n) / millionth)
}
