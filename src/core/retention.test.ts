import { expect, it } from 'vitest'
import type { Bridge } from './bridge.ts'
import { bridgeLogMs } from './bridge.ts'
import { isHomeOver, isOver, isWithin, rangesOf, removedBy, threadsOf, type Candidate, type Retention } from './retention.ts'

const old: Candidate = { id: 'm', n: 1, project: 'p', threadId: null, tainted: false, attached: 0, open: false, sentAt: 99 }
const rule: Retention = { before: 100, project: null, keptThreads: new Set(['bridge:1']), newest: 5_000 }

it.each<[string, Partial<Candidate>, Partial<Retention>, boolean]>([
  ['acknowledged and old', {}, {}, true],
  ['not acknowledged', { open: true }, {}, false],
  ['as old as the limit', { sentAt: 100 }, {}, false],
  ['of the project asked for', {}, { project: 'p' }, true],
  ['of another project', {}, { project: 'q' }, false],
  ['of a bridge whose log is kept', { threadId: 'bridge:1' }, {}, false],
  ['of a bridge that is gone', { threadId: 'bridge:2' }, {}, true],
  ['tainted, long ago', { tainted: true, n: 3_000 }, {}, true],
  ['tainted, and still asked for', { tainted: true, n: 3_001 }, {}, false],
])('a message that is %s', (_what, change, more, over) => {
  expect(isOver({ ...old, ...change }, { ...rule, ...more })).toBe(over)
})

it('a bridge keeps its log while it is open, and a day after', () => {
  const bridge = (n: number, closedAt: number | null) => ({ n, closedAt }) as Bridge
  expect(threadsOf([bridge(1, null), bridge(2, 1_000), bridge(3, 1_001)], 1_000 + bridgeLogMs)).toEqual(new Set(['bridge:1', 'bridge:3']))
})

it('what was removed is told in ranges', () => {
  expect(rangesOf([1, 2, 3, 5, 7, 8])).toEqual([[1, 3], [5, 5], [7, 8]])
  expect(rangesOf([])).toEqual([])
  const ranges = removedBy({ type: 'gc.removed', data: { numbers: [[1, 3], [5, 5]] } })
  expect([0, 1, 3, 4, 5, 6].map((n) => isWithin(n, ranges))).toEqual([false, true, true, false, true, false])
  expect(removedBy({ type: 'gc.done', data: { numbers: [[1, 3]] } })).toEqual([])
})

it.each([
  ['of one that left', 'p:gone', 99, null, true],
  ['used since', 'p:gone', 100, null, false],
  ['of a project that was not asked for', 'pq:gone', 99, 'p', false],
  ['of one that is there', 'p:a', 99, null, false],
] as const)('a home %s is over: %s', (_what, address, usedAt, project, over) => {
  expect(isHomeOver({ address, usedAt }, { before: 100, project }, (each) => each === 'p:a')).toBe(over)
})
