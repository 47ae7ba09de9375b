import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { enter, newState } from '../core/plan.ts'
import { Backoffs } from './backoffs.ts'

const hour = 3_600_000

function setUp() {
  const at = { now: 10 * hour, elapsed: 0 }
  const clock = { ...systemClock, now: () => at.now, elapsed: () => at.elapsed }
  const waits = enter(newState('p:a', at.now), { name: 'backoff', until: at.now + 5_000 }, { at: at.now, what: 'exit 3', source: 'process' })
  return { at, waits, backoffs: new Backoffs(clock), after: () => new Backoffs(clock) }
}

it('counts a back-off by the time that passes, whatever the clock is set to', () => {
  const { at, waits, backoffs } = setUp()
  expect(backoffs.left(waits)).toBe(5_000)
  at.elapsed += 2_000
  at.now -= hour
  expect(backoffs.left(waits)).toBe(3_000)
  at.now += 3 * hour
  expect(backoffs.left(waits)).toBe(3_000)
  at.elapsed += 3_000
  expect(backoffs.left(waits)).toBe(0)
})

it('takes no longer than it was to take after a restart of the daemon, with the clock set back meanwhile', () => {
  const { at, waits, after } = setUp()
  at.now -= hour
  expect(after().left(waits)).toBe(5_000)
  at.now += hour + 4_000
  expect(after().left(waits)).toBe(1_000)
  at.now += hour
  expect(after().left(waits)).toBeLessThanOrEqual(0)
})

it('knows the next back-off of the same agent from the last', () => {
  const { at, waits, backoffs } = setUp()
  backoffs.left(waits)
  at.elapsed += 6_000
  expect(backoffs.left(enter(waits, { name: 'idle' }, { at: at.now, what: 'ready', source: 'hook' }))).toBeNull()
  const next = enter(waits, { name: 'backoff', until: at.now + 10_000 }, { at: at.now, what: 'exit 3', source: 'process' })
  expect(backoffs.left(next)).toBe(10_000)
})
