import { expect, test } from 'vitest'
import { clockTime, cut, dollars, duration, escapeLine, escapeText, pad, parseDuration, toJson, width } from './text.ts'

test('a terminal gets no control, bidi or zero-width character of an agent', () => {
  expect(escapeText('a\u001b[31mred\u0007')).toBe('a\\u{1b}[31mred\\u{7}')
  expect(escapeText('user\u202Enimda')).toBe('user\\u{202e}nimda')
  expect(escapeText('a\u200bb\ufeffc\u009bd\u2028e')).toBe('a\\u{200b}b\\u{feff}c\\u{9b}d\\u{2028}e')
  expect(escapeText('tag \u{e0041}')).toBe('tag \\u{e0041}')
  expect(escapeText('one\r\ntwo\tthree\n')).toBe('one\ntwo    three\n')
  expect(escapeText('over\rwritten')).toBe('over\\u{d}written')
})

test('one line stays one line', () => {
  expect(escapeLine('first\nsecond')).toBe('first↵second')
})

test('ordinary text of any language is left as it is', () => {
  const text = 'Grüße, 日本語, مرحبا, 👍, "quotes" & <tags>'
  expect(escapeText(text)).toBe(text)
})

test('JSON is the same value and shows no hidden character', () => {
  const value = { text: 'a\u001b\u009b\u202e\u200b"\\b' }
  const json = toJson(value)
  expect(JSON.parse(json)).toEqual(value)
  expect(json).not.toMatch(/[\u001b\u009b\u202e\u200b]/)
})

test('width counts terminal columns', () => {
  expect(width('日本')).toBe(4)
  expect(width('é')).toBe(1)
  expect(width('\u001b[31mred\u001b[39m')).toBe(3)
})

test('cut keeps within its columns and says that something is missing', () => {
  expect(cut('abcdef', 6)).toBe('abcdef')
  expect(cut('abcdef', 4)).toBe('abc…')
  expect(cut('日本語', 5)).toBe('日本…')
  expect(cut('run the tests↵and tell', 15)).toBe('run the tests↵…')
  expect(cut('abc', 0)).toBe('')
  for (const text of ['日本語日本語', 'a↵b→c…d', '👍👍👍👍', 'e\u0301e\u0301e\u0301e\u0301e\u0301']) {
    for (const limit of [1, 2, 3, 4]) expect(width(cut(text, limit)), `${text} ${limit}`).toBeLessThanOrEqual(limit)
  }
})

test('pad fills by columns, not by characters', () => {
  expect(pad('日', 4)).toBe('日  ')
  expect(pad('7', 3, 'right')).toBe('  7')
})

test('durations have one number and one unit', () => {
  expect([0, 999, 42_000, 190_000, 7_200_000, 86_400_000 * 3].map(duration)).toEqual(['0s', '0s', '42s', '3m', '2h', '3d'])
  expect(duration(-5)).toBe('0s')
  expect([59 * 60_000, 7_199_000, 86_400_000, 2 * 86_400_000].map(duration)).toEqual(['59m', '119m', '24h', '2d'])
})

test('durations are read with a unit, or as seconds', () => {
  expect(['10m', '90s', '2h', '1d', '500ms', '5', '1.5h'].map((text) => parseDuration(text, '--since'))).toEqual([
    600_000, 90_000, 7_200_000, 86_400_000, 500, 5_000, 5_400_000,
  ])
  expect(() => parseDuration('soon', '--since')).toThrow('--since wants a duration, not "soon"')
})

test('the date is shown only when it is another day', () => {
  const at = new Date(2026, 4, 6, 7, 8, 9).getTime()
  expect(clockTime(at, at + 1000)).toBe('07:08:09')
  expect(clockTime(at, at + 86_400_000)).toBe('2026-05-06 07:08:09')
})

test('dollars are shown to a hundredth of a cent, never less than they are', () => {
  expect(['0', '0.50', '12.3456', '0.3225252', '9.99990001', '0.00000001'].map(dollars)).toEqual(['0', '0.50', '12.3456', '0.3226', '10.0000', '0.0001'])
})
