import { expect, it } from 'vitest'
import { mayBegin, type Call } from './admission.ts'
import type { Limit } from './budget.ts'

const call = (agent: string, most: number): Call => ({ agent: `p:${agent}`, project: 'p', most })
const ceiling = (scope: Limit['scope'], id: string, left: number) => ({ limit: { scope, id, period: 'day' as const, nano: 100, rule: 'r' }, left })

it('lets one call alone begin whatever it may cost, and others beside it only if all fit', () => {
  const team = [ceiling('team', 'team', 50)]
  expect(mayBegin(call('a', 999), [], team)).toBe(true)
  expect(mayBegin(call('a', 20), [call('b', 30)], team)).toBe(true)
  expect(mayBegin(call('a', 21), [call('b', 30)], team)).toBe(false)
  expect(mayBegin(call('a', 1), [call('b', Infinity)], team)).toBe(false)
  expect(mayBegin(call('a', Infinity), [call('b', 0)], team)).toBe(false)
})

it('counts those that count against the same ceiling, and nothing that has no price', () => {
  expect(mayBegin(call('a', 50), [call('b', 40)], [ceiling('agent', 'p:a', 50)])).toBe(true)
  expect(mayBegin(call('a', 50), [call('b', 40)], [ceiling('agent', 'p:a', 50), ceiling('project', 'p', 60)])).toBe(false)
  expect(mayBegin(call('a', 50), [call('b', 40)], [ceiling('project', 'q', 1)])).toBe(true)
  expect(mayBegin(call('a', 0), [call('b', 999)], [ceiling('team', 'team', 1)])).toBe(true)
  expect(mayBegin(call('a', 999), [call('b', 999)], [])).toBe(true)
})
