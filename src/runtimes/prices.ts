import { priceOf, type OwnPrices, type Price, type Rates } from '../core/prices.ts'

/**
 * What models cost, US dollars for a million tokens, from public price lists. A price that changes gets a further line
 * with its first day; none is ever overwritten, so that what was spent before stays what it was.
 */
const anthropic = 'platform.claude.com/docs/en/about-claude/pricing, read 2026-11-21'
const openai = 'developers.openai.com/api/docs/models, read 2026-11-21'
const googleByDeploybase = 'deploybase.ai/articles/gemini-api-pricing, read 2026-11-21'
const byGithub = 'github.com/github/docs data/tables/copilot/models-and-pricing.yml, read 2026-11-21'

type Four = [input: number, output: number, cacheRead: number | null, cacheWrite: number | null, cacheWriteLong: number | null]

export const prices: readonly Price[] = [
  ...['claude-fable-5-1', 'claude-mythos-5-1'].map((model) => price(model, [10, 50, 0.25, 12.5, 20], anthropic)),
  ...['claude-fable-5', 'claude-mythos-5'].map((model) => price(model, [10, 50, 1, 12.5, 20], anthropic)),
  price('claude-opus-5-5', [4, 20, 0.2, 5, 8], 'platform.claude.com/docs/zh-CN/models/opus-5-5/overview, read 2026-11-21'),
  ...['claude-opus-5', 'claude-opus-4-8', 'claude-opus-4-7', 'claude-opus-4-6', 'claude-opus-4-5'].map((model) => price(model, [5, 25, 0.5, 6.25, 10], anthropic)),
  ...['claude-opus-4-1', 'claude-opus-4', 'claude-opus-4-0'].map((model) => price(model, [15, 75, 1.5, 18.75, 30], anthropic)),
  price('claude-sonnet-5-5', [2, 10, 0.2, 2.5, 4], 'platform.claude.com/docs/zh-CN/models/sonnet-5-5/overview, read 2026-11-21'),
  price('claude-sonnet-5-5', [2, 10, 0.1, 2.5, 4], 'github.com/kurofune/claudit/releases/tag/v1.9.2, read 2026-11-21', '2026-10-07'),
  price('claude-sonnet-5', [2, 10, 0.2, 2.5, 4], 'platform.claude.com/docs/zh-CN/models/sonnet-5/overview, read 2026-11-21'),
  ...['claude-sonnet-4-6', 'claude-sonnet-4-5', 'claude-sonnet-4', 'claude-sonnet-4-0', 'claude-3-7-sonnet'].map((model) => price(model, [3, 15, 0.3, 3.75, 6], anthropic)),
  {
    ...price('claude-haiku-5-5', [0.1, 0.5, 0.01, 0.125, 0.2], 'github.com/kurofune/claudit/releases/tag/v1.9.2, read 2026-11-21'),
    above: { tokens: 100_000, rates: rates([0.5, 2.5, 0.05, 0.625, 1]) },
  },
  price('claude-haiku-4-5', [1, 5, 0.1, 1.25, 2], anthropic),
  price('claude-3-5-haiku', [0.8, 4, 0.08, 1, 1.6], anthropic),
  price('claude-3-haiku', [0.25, 1.25, 0.03, 0.3, 0.5], anthropic),
  // Writing to the cache is not charged by itself there: it is input.
  price('gpt-5-codex', [1.25, 10, 0.125, 1.25, null], openai),
  ...['gpt-5.2', 'gpt-5.2-codex', 'gpt-5.3-codex'].map((model) => price(model, [1.75, 14, 0.175, 1.75, null], byGithub)),
  // Google charges for the time that something is kept, which no call tells: writing is input.
  { ...price('gemini-3.1-pro-preview', [2, 12, 0.2, 2, null], byGithub), above: { tokens: 200_000, rates: rates([4, 18, 0.4, 4, null]) } },
  price('gemini-3.5-flash', [1.5, 9, 0.15, 1.5, null], byGithub),
  price('gemini-3-flash-preview', [0.5, 3, 0.05, 0.5, null], 'factquire.com/models/google/gemini-3-flash-preview.json, read 2026-11-21'),
  { ...price('gemini-2.5-pro', [1.25, 10, 0.125, 1.25, null], googleByDeploybase), above: { tokens: 200_000, rates: rates([2.5, 15, 0.25, 2.5, null]) } },
  price('gemini-2.5-flash', [0.3, 2.5, 0.03, 0.3, null], googleByDeploybase),
  price('scripted-1', [0, 0, 0, 0, 0], 'troupe: the scripted model of a rehearsal, which nobody is paid for'),
]

/** Names that a CLI takes for the newest model of a kind; the table knows what comes of them. */
const aliases = /^(default|best|fable|mythos|opus|sonnet|haiku|opusplan)(\[.*\])?$/

/** Whether what a declared model costs is known at that time. */
export function isPriced(model: string, at: number, own: OwnPrices): boolean {
  return aliases.test(model) || priceOf(model, at, prices, own) !== null
}

function price(model: string, figures: Four, source: string, from?: string): Price {
  return { model, from: from === undefined ? 0 : Date.parse(from), ...rates(figures), source }
}

function rates([input, output, cacheRead, cacheWrite, cacheWriteLong]: Four): Rates {
  return { input, output, cacheRead, cacheWrite, cacheWriteLong }
}
