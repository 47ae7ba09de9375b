import { expect, it } from 'vitest'
import { toml } from './toml.ts'

it('puts values before tables, quotes names that need it, and escapes what a text may hold', () => {
  const document = { sub: { deep: { 'a b': true } }, list: [{ x: 1 }, { y: ['a', 'b'] }], text: 'a "b"\n\u007F\u0001é', n: 3, empty: [] }
  expect(toml(document)).toBe(
    ['text = "a \\"b\\"\\n\\u007F\\u0001é"', 'n = 3', 'empty = []', '', '[sub]', '', '[sub.deep]', '"a b" = true', '', '[[list]]', 'x = 1', '', '[[list]]', 'y = ["a", "b"]', ''].join('\n'),
  )
})
