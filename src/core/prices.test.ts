import { describe, expect, it } from 'vitest'
import { costOf, priceOf, type Price } from './prices.ts'

const rates = { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25, cacheWriteLong: 10 }
const table: Price[] = [
  { model: 'big-4', from: 0, ...rates, source: 'list' },
  { model: 'big-4', from: 1_000, ...rates, cacheRead: 0.1, source: 'newer list' },
  { model: 'big-4-1', from: 0, ...rates, input: 15, source: 'list' },
  { model: 'small', from: 0, ...rates, input: 0.1, above: { tokens: 100, rates: { ...rates, input: 0.5 } }, source: 'list' },
  { model: 'bare', from: 0, input: 1, output: 2, cacheRead: null, cacheWrite: null, cacheWriteLong: null, source: 'list' },
]
const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
const cost = (model: string, tokens: Partial<typeof none> & { cacheWriteLong?: number }, at = 0, own = {}) => costOf({ model, at, tokens: { ...none, ...tokens } }, table, own)

describe('a price', () => {
  it('is that of the model itself, whatever date or bracket follows its name, and of no other', () => {
    expect(['big-4', 'big-4-20260101', 'big-4[1m]', 'big-4-latest'].map((model) => priceOf(model, 0, table, {})?.input)).toEqual([5, 5, 5, 5])
    expect(priceOf('big-4-1-20260101', 0, table, {})?.input).toBe(15)
    expect(['big-4-2', 'big-40', 'big', ''].map((model) => priceOf(model, 0, table, {}))).toEqual([null, null, null, null])
  })

  it('is the one of the time of the call', () => {
    expect([999, 1_000].map((at) => priceOf('big-4', at, table, {})?.cacheRead)).toEqual([0.5, 0.1])
  })

  it('of the team wins, by the longest beginning of the name', () => {
    const own = { big: { ...rates, input: 1 }, 'big-4-1': { ...rates, input: 2 }, other: { ...rates, input: 3 } }
    expect(['big-4', 'big-4-1-x', 'other-model'].map((model) => priceOf(model, 0, table, own)?.input)).toEqual([1, 2, 3])
  })
})

describe('a cost', () => {
  it('counts each kind of token, both times for which the cache is written by themselves', () => {
    expect(cost('big-4', { input: 1_000_000, output: 1_000_000, cacheRead: 1_000_000, cacheWrite: 2_000_000, cacheWriteLong: 1_000_000 })).toBe(46_750_000_000)
    expect(cost('big-4', { cacheRead: 1 })).toBe(500)
  })

  it('is rounded up where it is less than a billionth, never to nothing', () => {
    expect(cost('tiny', { input: 1 }, 0, { tiny: { ...rates, input: 0.0001 } })).toBe(1)
  })

  it('of a long prompt is that of long prompts, for all of it', () => {
    expect([cost('small', { input: 50, cacheRead: 50 }), cost('small', { input: 50, cacheRead: 51 })]).toEqual([50 * 100 + 50 * 500, 50 * 500 + 51 * 500])
  })

  it('T25: is unknown, not 0, where the model is, and where the price of something it used is', () => {
    expect([cost('unheard-of', { input: 1 }), cost('bare', { cacheRead: 1 })]).toEqual([null, null])
    expect(cost('bare', { input: 1, output: 1 })).toBe(3_000)
  })
})
