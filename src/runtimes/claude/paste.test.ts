import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCommand, pieces } from './paste.ts'

it('cuts any text into pieces that count as typed, and loses nothing', () => {
  const text = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.constant('\n'), fc.constant('x'.repeat(1500)))).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (whole) => {
      const found = pieces(whole)
      expect(found.join('')).toBe(whole)
      for (const piece of found) {
        expect(piece.split('\n').length).toBeLessThanOrEqual(3)
        expect([...piece].length).toBeLessThanOrEqual(600)
        expect(piece.isWellFormed() || !whole.isWellFormed()).toBe(true)
      }
    }),
  )
})

it.each(['/exit', '  !rm -rf x', '#note', '@file', '&bg'])('knows that %s is no prompt', (text) => expect(isCommand(text)).toBe(true))
it('takes an envelope for a prompt', () => expect(isCommand('[mail #1 · from user]')).toBe(false))
