import { expect, test } from 'vitest'
import { edit, fieldOf, insert, type Field } from './field.ts'
import { keyOf } from './key.ts'

const after = (field: Field, ...names: string[]) => names.reduce((now, name) => edit(now, { name, text: '' }) ?? now, field)

test('the cursor goes by whole characters, also those of several code points', () => {
  const field = fieldOf('ae\u0301日👍')
  expect(field.at).toBe(4)
  expect(after(field, 'left', 'left', 'backspace')).toEqual({ text: 'a日👍', at: 1 })
  expect(after(field, 'home', 'delete')).toEqual({ text: 'e\u0301日👍', at: 0 })
  expect(after(field, 'home', 'left', 'end', 'right')).toEqual(field)
})

test('words and lines are taken away as shells do', () => {
  expect(after(fieldOf('one two  '), 'ctrl-w')).toEqual({ text: 'one ', at: 4 })
  expect(after(fieldOf('one two'), 'left', 'ctrl-u')).toEqual({ text: 'o', at: 0 })
  expect(after(fieldOf('one two'), 'ctrl-a', 'right', 'ctrl-k')).toEqual({ text: 'o', at: 1 })
})

test('a mark that joins the character before it moves no cursor', () => {
  expect(insert(fieldOf('e'), '\u0301')).toEqual({ text: 'e\u0301', at: 1 })
})

test('keys as Node tells them', () => {
  expect(keyOf('J', { name: 'j', shift: true })).toEqual({ name: 'J', text: 'J' })
  expect(keyOf('日', { name: undefined as unknown as string })).toEqual({ name: '日', text: '日' })
  expect(keyOf('\r', { name: 'return' })).toEqual({ name: 'enter', text: '' })
  expect(keyOf('\n', { name: 'enter' })).toEqual({ name: 'ctrl-j', text: '' })
  expect(keyOf('\u001b\r', { name: 'return', meta: true })).toEqual({ name: 'alt-enter', text: '' })
  expect(keyOf('\u001b', { name: 'escape', meta: true })).toEqual({ name: 'escape', text: '' })
  expect(keyOf(undefined, { name: 'tab', shift: true })).toEqual({ name: 'shift-tab', text: '' })
  expect(keyOf('\u0003', { name: 'c', ctrl: true })).toEqual({ name: 'ctrl-c', text: '' })
  expect(keyOf(undefined, {})).toBe(null)
})
