import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from './json.ts'

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('reads what JSON.parse reads, and refuses what it refuses', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  }))
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', ':', ',', '1') }), (text) => {
    let wanted: unknown
    try {
      wanted = JSON.parse(text)
    } catch {
      expect(() => parseJson(text)).toThrow(SyntaxError)
      return
    }
    expect(parseJson(text)).toEqual(wanted)
  }))
})

test('refuses what is nested too deep, but not brackets in a text', () => {
  expect(parseJson(nested(200))).toBeDefined()
  expect(() => parseJson(nested(201))).toThrow(/nested/)
  expect(() => parseJson(`{"a":${nested(500_000)}}`)).toThrow(/nested/)
  expect(parseJson(JSON.stringify(`"\\${nested(300)}`))).toContain('[[')
  expect(parseJson(`[${'[],'.repeat(1000)}[]]`)).toHaveLength(1001)
})
