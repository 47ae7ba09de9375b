import { expect, test } from 'vitest'
import { readableLines } from './terminal-log.ts'

test('colours, titles and cursor jumps go, words stay', () => {
  expect(readableLines('\u001b]0;title\u0007\u001b[1;31mhello\u001b[0m\u001b[3Cworld\r\n\u001b[5;1Hnext')).toEqual(['hello   world', '', 'next'])
})

test('a line drawn over keeps its last state', () => {
  expect(readableLines('10%\r50%\r100%\r\ndone')).toEqual(['100%', 'done'])
  expect(readableLines('abd\bc\n')).toEqual(['abc'])
})

test('a frame that is drawn again and again shows once', () => {
  expect(readableLines('─────\n─────\n─────\nwork\n\n\n\nend')).toEqual(['─────', 'work', '', 'end'])
})

test('a private string of the terminal is no text', () => {
  expect(readableLines('a\u001bPtmux;secret\u001b\\b')).toEqual(['ab'])
})
