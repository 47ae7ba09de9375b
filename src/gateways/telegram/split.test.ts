import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markup } from './markup.ts'
import { split } from './split.ts'

const words = fc.array(fc.constantFrom('a', 'word ', '\n', '\n\n', ' ', '\u{1F309}', 'é', '`code`', '**bold**', '_it_', '```\nx\ny\n```\n', '- ', '# h', '*', '_', '[l](https://x.y/z)', 'longer words here '), { maxLength: 120 })

test('pieces keep every character, within the limit, with formatting inside of them', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 4, max: 60 }), (parts, limit) => {
      const whole = markup(parts.join(''))
      const pieces = split(whole, limit)
      expect(pieces.map(({ text }) => text).join('').replaceAll(/\s/g, '')).toBe(whole.text.replaceAll(/\s/g, ''))
      const formatted = (all: typeof pieces) => all.map(({ text, entities }) => entities.map(({ offset, length }) => text.slice(offset, offset + length)).join('')).join('').replaceAll(/\s/g, '')
      expect(formatted(pieces)).toBe(formatted([whole]))
      for (const { text, entities } of pieces) {
        expect(text.length).toBeLessThanOrEqual(limit)
        expect(text.isWellFormed()).toBe(true)
        for (const { offset, length } of entities) expect([offset >= 0, length > 0, offset + length <= text.length]).toEqual([true, true, true])
      }
    }),
  )
})

test('a formatted part that fits into a piece is not cut', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 1, max: 20 }), (before, length) => {
      const pieces = split(markup(`${'x'.repeat(before)} \`${'c '.repeat(length)}c\` y`), 50)
      expect(pieces.flatMap(({ entities }) => entities)).toHaveLength(1)
    }),
  )
})

test.each([
  ['plain words', 'plain words', []],
  ['a_b_c 2*3*4 ** ** `` __x__', 'a_b_c 2*3*4 ** ** `` __x__', []],
  ['**b** and *i* and _i_', 'b and i and i', ['bold', 'italic', 'italic']],
  ['`**not**` [x](https://y.z) [x](javascript:no)', '**not** x [x](javascript:no)', ['code', 'text_link']],
  ['## Head\n- one\n* two', 'Head\n• one\n• two', ['bold']],
  ['```sh\nrm -rf *\n```\nafter', 'rm -rf *\nafter', ['pre']],
  ['```\nnever closed', '```\nnever closed', []],
])('%j is shown as %j', (source, text, types) => {
  const piece = markup(source)
  expect([piece.text, piece.entities.map(({ type }) => type)]).toEqual([text, types])
})

test('no text makes the search slow', () => {
  for (const hostile of ['*', '_', '[', '`', '**', '[a](', '```\n', '```x\n', '*a ']) expect(markup(hostile.repeat(60_000)).text.length).toBeGreaterThan(0)
})
