import { expect, it } from 'vitest'
import { RunReader } from './oneshot.ts'
import { retryWord } from './gate-plugin.ts'

const now = Date.parse('2026-11-21T20:00:00Z')
const retry = (attempt: number, wait = 30_000, message = 'overloaded') => `${retryWord}${JSON.stringify({ attempt, message, next: now + wait })}`
const types = (reader: RunReader, line: string) => reader.other(line, now).map(({ type }) => type)

it('tells of each retry, and of the tenth that nothing comes of it: that is what the run came to', () => {
  const reader = new RunReader('m')
  for (let attempt = 1; attempt < 10; attempt++) expect(types(reader, retry(attempt))).toEqual(['note'])
  expect(reader.isVain).toBe(false)
  expect(reader.other(retry(10), now)).toEqual([expect.objectContaining({ type: 'failure', class: 'transient', why: 'overloaded' })])
  expect(reader.isVain).toBe(true)
  // What it says of its end by our hand is no other failure.
  expect([types(reader, retry(11)), reader.read({ type: 'error', error: { name: 'MessageAbortedError' } }, now)]).toEqual([[], []])
  expect(reader.outcome()).toEqual({ ok: false, text: 'overloaded' })
})

it('takes a long wait for an allowance that is used up till then, and nothing else on standard error for a retry', () => {
  const reader = new RunReader('m')
  expect([types(reader, `${retryWord}half a li`), types(reader, `an agent says ${retry(10)}`), reader.isVain]).toEqual([[], [], false])
  expect(reader.other(retry(1, 3_600_000, 'Rate limit reached'), now)).toEqual([expect.objectContaining({ type: 'failure', class: 'quota', until: now + 3_600_000 })])
  expect(reader.isVain).toBe(true)
})
