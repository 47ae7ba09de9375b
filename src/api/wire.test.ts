import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LineReader, programVersion } from './wire.ts'

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
