import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shortened } from './shorten.ts'

it.each([
  ['short enough', 12, 'short enough'],
  ['one too many', 11, 'one too man…'],
  ['👩‍👩‍👧👩‍👩‍👧', 10, '👩‍👩‍👧…'],
  ['e\u0301e\u0301', 3, 'e\u0301…'],
  [`a${'\u0301'.repeat(50)}`, 20, '…'],
])('%j in %i', (text, length, expected) => {
  expect(shortened(text, length)).toBe(expected)
})

it('never cuts a character in two, and never grows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, length) => {
      const short = shortened(text, length)
      expect(short.length).toBeLessThanOrEqual(Math.max(text.length, length + 1))
      expect(short.isWellFormed()).toBe(true)
      expect(text.startsWith(short.endsWith('…') && short !== text ? short.slice(0, -1) : short)).toBe(true)
    }),
  )
})
