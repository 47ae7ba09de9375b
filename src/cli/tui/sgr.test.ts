import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sgr, textOf } from './cells.ts'
import { styledLines } from './sgr.ts'

const shown = (text: string) => styledLines(text).map((line) => line.map((each) => [each.text, sgr(each.style, true).slice(2, -1)]))

test('colours and emphasis of a terminal are kept, also over line ends', () => {
  expect(shown('a\u001b[1;31mb\nc\u001b[22md\u001b[0me')).toEqual([[['a', '0'], ['b', '0;1;31']], [['c', '0;1;31'], ['d', '0;31'], ['e', '0']]])
  expect(shown('\u001b[38;5;200;48;2;1;2;3;4:3mx\u001b[39;49;24my')).toEqual([[['x', '0;4;38;5;200;48;2;1;2;3'], ['y', '0']]])
  expect(shown('\u001b[58;5;1;3mx\u001b[mz')).toEqual([[['x', '0;3'], ['z', '0']]])
  expect(shown('\u001b[97;103mx')).toEqual([[['x', '0;97;103']]])
})

test('without colours emphasis stays', () => {
  expect(sgr(styledLines('\u001b[1;7;31mx')[0]?.[0]?.style ?? { fg: '', bg: '', attrs: [] }, false)).toBe('\u001b[0;1;7m')
})

test('nothing else that a terminal obeys comes through: what moves, titles, links, old line drawing', () => {
  expect(styledLines('\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\ \u001b]0;title\u0007t\u001b[2J\u001b[5;5Hm\u001b(0').map(textOf)).toEqual(['link tm'])
  expect(styledLines('\u000elqk\u000f \u000exjx').map(textOf)).toEqual(['┌─┐ │┘│'])
  expect(styledLines('a\u202eb\u0007c\u009bd').map(textOf)).toEqual(['a\\u{202e}b\\u{7}c\\u{9b}d'])
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom('\u001b', '[', ']', ';', 'm', '38', '5', '\u0007', '\n', '\u000e', '\u009b', '?', 'P'), fc.string()), { maxLength: 30 }), (parts) => {
      for (const line of styledLines(parts.join(''))) {
        expect(textOf(line)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
        for (const { style } of line) expect(sgr(style, true)).toMatch(/^\u001b\[[0-9;]*m$/)
      }
    }),
  )
})
