import { expect, test } from 'vitest'
import { pairs, table } from './table.ts'
import { width } from './text.ts'

const columns = [{ head: 'AGENT', least: 8 }, { head: 'INBOX', align: 'right' as const }, { head: 'DETAIL', least: 6, optional: true }]

test('columns are as wide as their widest cell, nothing trails', () => {
  expect(table(columns, [['hello:dev', '3', 'exit 1'], ['日本:語', '12', '']], Infinity)).toEqual([
    'AGENT      INBOX  DETAIL',
    'hello:dev      3  exit 1',
    '日本:語       12',
  ])
})

test('an optional column goes when it is empty', () => {
  expect(table(columns, [['hello:dev', '3', '']], Infinity)).toEqual(['AGENT      INBOX', 'hello:dev      3'])
})

test('a narrow terminal cuts the widest column that may be cut, never a number', () => {
  const lines = table(columns, [['hello:developer', '12345', 'a very long reason why it stands still']], 40)
  expect(lines[1]).toBe('hello:developer  12345  a very long rea…')
  expect(lines.every((line) => width(line) <= 40)).toBe(true)
  expect(table(columns, [['hello:developer', '12345', 'a very long reason']], 10)[1]).toBe('hello:d…  12345  a ver…')
})

test('a narrower one does without spare columns, the first to go first', () => {
  const spare = [{ head: 'AGENT', least: 6 }, { head: 'ROLE', spare: 1 }, { head: 'STATE' }, { head: 'RESTARTS', align: 'right' as const, spare: 2 }]
  const at = (limit: number) => table(spare, [['hello:dev', 'manager', 'idle', '12']], limit)
  expect(at(32)[0]).toBe('AGENT   ROLE     STATE  RESTARTS')
  expect(at(31)[0]).toBe('AGENT      STATE  RESTARTS')
  expect(at(16)).toEqual(['AGENT      STATE', 'hello:dev  idle'])
  expect(at(5)).toEqual(['AGENT   STATE', 'hello…  idle'])
})

test('cells of agents cannot move the cursor or begin a line', () => {
  const [, row] = table(columns, [['x\u001b[2J', '0', 'a\nb']], Infinity)
  expect(row).toBe('x\\u{1b}[2J      0  a↵b')
})

test('paint is applied after the cell was padded', () => {
  const [, row] = table([{ head: 'A' }, { head: 'B' }], [[{ text: 'x', paint: (text) => `<${text}>` }, 'y']], Infinity)
  expect(row).toBe('<x>  y')
  const [, wide] = table([{ head: 'LONG' }, { head: 'B' }], [[{ text: 'x', paint: (text) => `<${text}>` }, 'y']], Infinity)
  expect(wide).toBe('<x   >  y')
})

test('pairs line up', () => {
  expect(pairs([['role', 'worker'], ['runtime', 'a\u001bb']])).toEqual(['role     worker', 'runtime  a\\u{1b}b'])
})
