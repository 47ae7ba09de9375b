import { escapeText } from '../text.ts'
import type { Key } from './key.ts'

/** Text that is being typed. `at` counts characters as people do. */
export interface Field {
  text: string
  at: number
}

export const emptyField: Field = { text: '', at: 0 }

export function fieldOf(text: string): Field {
  return { text, at: characters(text).length }
}

export function characters(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
}

/** What is typed or pasted goes in where the cursor is; characters that a terminal would obey go in as they would be shown. */
export function insert(field: Field, text: string): Field {
  const all = characters(field.text)
  const before = all.slice(0, field.at).join('') + escapeText(text.replace(/\r\n?/g, '\n'))
  return { text: before + all.slice(field.at).join(''), at: characters(before).length }
}

/** Null for a key that edits nothing. */
export function edit(field: Field, key: Key): Field | null {
  const all = characters(field.text)
  const { at } = field
  const without = (from: number, to: number): Field => ({ text: [...all.slice(0, from), ...all.slice(to)].join(''), at: from })
  switch (key.name) {
    case 'backspace':
    case 'ctrl-h':
      return without(Math.max(0, at - 1), at)
    case 'delete':
      return without(at, at + 1)
    case 'ctrl-w':
      return without(wordBefore(all, at), at)
    case 'ctrl-u':
      return without(0, at)
    case 'ctrl-k':
      return { text: all.slice(0, at).join(''), at }
    case 'left':
      return { ...field, at: Math.max(0, at - 1) }
    case 'right':
      return { ...field, at: Math.min(all.length, at + 1) }
    case 'home':
    case 'ctrl-a':
      return { ...field, at: 0 }
    case 'end':
    case 'ctrl-e':
      return { ...field, at: all.length }
    default:
      return key.text === '' ? null : insert(field, key.text)
  }
}

function wordBefore(all: string[], at: number): number {
  let from = at
  while (from > 0 && /\s/.test(all[from - 1] ?? '')) from -= 1
  while (from > 0 && !/\s/.test(all[from - 1] ?? '')) from -= 1
  return from
}
