import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { Record } from './record.ts'

it('goes on with what is in memory where its file cannot be read: whoever listens must not end the CLI', () => {
  const folder = testFolder('lane-record-')
  const record = new Record(folder, () => 1)
  const numbers = (from: number): number[] => record.from(from).map(({ n }) => n)
  for (let n = 0; n < 6; n += 1) record.add({ kind: 'out', text: 'x'.repeat(1024 * 1024) })
  const [oldest = 0] = numbers(record.next - 1)
  expect(numbers(1)[0]).toBe(1)
  const file = join(folder, 'said.jsonl')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"kind"', 'kind'))
  const left = numbers(1)
  expect(left.at(-1)).toBe(oldest)
  expect(left[0]).toBe(record.first)
  expect(record.first).toBeGreaterThan(1)
  expect(record.add({ kind: 'out', text: 'more' }).n).toBe(7)
  expect(numbers(7)).toEqual([7])
})
