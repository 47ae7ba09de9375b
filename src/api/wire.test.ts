import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LineReader, mismatch, oldestProtocol, programVersion, protocolVersion, understand } from './wire.ts'

test('lines come out as they went in, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(50)), (values, cuts) => {
      const reader = new LineReader(1_000_000)
      let rest = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
      const found: unknown[] = []
      for (const cut of cuts) {
        found.push(...reader.push(rest.subarray(0, cut)))
        rest = rest.subarray(cut)
      }
      found.push(...reader.push(rest))
      expect(found).toEqual(JSON.parse(JSON.stringify(values)))
    }),
  )
})

test('too long, not JSON, not UTF-8', () => {
  expect(() => new LineReader(10).push(Buffer.from('12345678901'))).toThrow(/longer than 10 bytes/)
  const halves = new LineReader(10)
  halves.push(Buffer.from('123456'))
  expect(() => halves.push(Buffer.from('78901'))).toThrow(/longer/)
  expect(() => new LineReader(10).push(Buffer.from('{\n'))).toThrow(/not JSON/)
  expect(() => new LineReader(10).push(Buffer.from([34, 255, 34, 10]))).toThrow(/not JSON in UTF-8/)
})

test('the version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(programVersion).toBe(version)
})

describe('two releases', () => {
  const both = (a: [number, number?], b: [number, number?]): boolean[] => {
    const [one, other] = [a, b].map(([protocol, oldest]) => (oldest === undefined ? { protocol } : { protocol, oldest }))
    return [understand(one!, other!), understand(other!, one!)]
  }

  test.each<[string, [number, number?], [number, number?], boolean]>([
    ['the same', [1, 1], [1, 1], true],
    ['0.1.0, which names no oldest', [1], [1, 1], true],
    ['a newer one that still speaks the old one', [3, 1], [1, 1], true],
    ['a newer one that still speaks 0.1.0’s', [3, 1], [1], true],
    ['a newer one that does not', [3, 2], [1, 1], false],
    ['a newer one without an oldest', [2], [1, 1], false],
    ['ranges that only touch', [4, 3], [3, 1], true],
    ['ranges that do not', [5, 4], [3, 1], false],
    ['what is no number', [Number.NaN], [1, 1], false],
    ['an oldest that is no number', [1, Number.NaN], [1, 1], false],
  ])('%s', (_what, a, b, fits) => {
    expect(both(a, b)).toEqual([fits, fits])
  })

  test('this one speaks what it says', () => {
    expect(oldestProtocol).toBeLessThanOrEqual(protocolVersion)
  })

  test.each([
    ['an older daemon is restarted', 2, 1, 'troupe daemon restart; agents go on'],
    ['a newer daemon wants a newer program', 1, 2, 'use troupe 9.1.0 or newer'],
  ])('%s', (_what, client, daemon, hint) => {
    const error = mismatch({ protocol: client, version: '9.0.0' }, { protocol: daemon, version: '9.1.0', pid: 7, root: '/team' })
    expect(error).toMatchObject({ code: 'incompatible', hint, facts: { client, daemon, pid: 7, version: '9.1.0' } })
    expect(error.message).toBe('the running daemon is troupe 9.1.0, this is 9.0.0: they speak different protocols')
  })
})
