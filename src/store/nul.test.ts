import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeNul, unescapeNul } from './nul.ts'

const hard = fc.string({ unit: fc.constantFrom('\0', '\uF8FE', '0', '1', 'a') })

it('comes back as it was, without a NUL on the way', () => {
  fc.assert(
    fc.property(hard, (text) => {
      const escaped = String(escapeNul(text))
      expect(escaped).not.toContain('\0')
      expect(unescapeNul(escaped)).toBe(text)
    }),
  )
})

it('leaves everything but text alone', () => {
  expect([1, null, true].map(escapeNul)).toEqual([1, null, true])
})
