import { expect, it } from 'vitest'
import { headDueIn } from './head-telling.ts'

const rule = { everyMs: 1_000, lines: 100 }

it('where the journal ends is told at first, after a time and after so many lines', () => {
  expect(headDueIn(rule, null, 5, 0)).toBe(0)
  const told = { at: 10_000, lines: 50 }
  expect([10_000, 10_400, 11_000, 99_000].map((now) => headDueIn(rule, told, 50, now))).toEqual([1_000, 600, 0, 0])
  expect([149, 150].map((journal) => headDueIn(rule, told, journal, 10_000))).toEqual([1_000, 0])
  expect(headDueIn({ ...rule, lines: null }, told, 9_999, 10_000)).toBe(1_000)
})

it('a clock that was set back holds it off no longer than the rule says', () => {
  expect(headDueIn(rule, { at: 1_000_000, lines: 0 }, 0, 10)).toBe(1_000)
})
