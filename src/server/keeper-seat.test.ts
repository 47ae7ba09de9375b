import { expect, test } from 'vitest'
import type { ServerLine } from '../api/wire.ts'
import type { Clock } from '../core/clock.ts'
import { holdValues } from '../daemon/held.ts'
import { keeperSeat, keeperWaitMs } from './keeper-seat.ts'

function setUp() {
  let now = 0
  const timers = new Set<{ at: number; fn(): void }>()
  const clock: Clock = {
    now: () => now,
    elapsed: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  const pass = (ms: number): void => {
    now += ms
    for (const timer of [...timers].filter(({ at }) => at <= now)) if (timers.delete(timer)) timer.fn()
  }
  const held = holdValues(null)
  let starts = 0
  const seat = keeperSeat({ held, clock, version: '2.0.0', start: () => (starts += 1) })
  const keeper = (pid: number, version = '2.0.0') => {
    const got: ServerLine[] = []
    return { pid, version, got, send: (line: ServerLine) => void got.push(line) }
  }
  return { seat, held, pass, keeper, starts: () => starts }
}

test('a daemon without a keeper starts one after a wait, and again until one comes', () => {
  const { seat, pass, keeper, starts } = setUp()
  pass(keeperWaitMs)
  expect(starts()).toBe(0)
  seat.watch()
  pass(keeperWaitMs)
  pass(keeperWaitMs)
  expect(starts()).toBe(2)
  seat.take(keeper(7), null)
  pass(10 * keeperWaitMs)
  expect([starts(), seat.pid()]).toEqual([2, 7])
})

test('a keeper that goes is replaced at once, but not while the daemon goes', () => {
  const { seat, keeper, starts } = setUp()
  seat.watch()
  const leave = seat.take(keeper(7), null)
  leave()
  leave()
  expect([starts(), seat.pid()]).toEqual([1, null])
  const last = keeper(8)
  const leaveLast = seat.take(last, null)
  seat.dismiss()
  leaveLast()
  expect(last.got).toEqual([{ leave: true }])
  expect(starts()).toBe(1)
  expect(() => seat.take(keeper(9), null)).toThrow(/going/)
})

test('one seat only, but values are taken from anybody; the newest set wins and is handed on', () => {
  const { seat, held, keeper } = setUp()
  const first = keeper(7)
  seat.take(first, null)
  expect(() => seat.take(keeper(8), { at: 5, env: { A: '5' } })).toThrow(/process 7/)
  expect(() => seat.take(keeper(9), { at: 4, env: { A: '4' } })).toThrow(/process 7/)
  expect(held.values).toEqual({ at: 5, env: { A: '5' } })
  held.put({ at: 6, env: {} })
  expect(first.got).toEqual([{ hold: { at: 5, env: { A: '5' } } }, { hold: { at: 6, env: {} } }])
})

test('a keeper of an older release stays until one of ours is there, and is not let in again', () => {
  const { seat, held, keeper, starts } = setUp()
  const old = keeper(7, '1.9.0')
  const leaveOld = seat.take(old, { at: 1, env: { A: '1' } })
  expect(starts()).toBe(0)
  seat.watch()
  expect([starts(), seat.pid()]).toEqual([1, 7])
  const ours = keeper(8)
  seat.take(ours, null)
  expect(old.got.at(-1)).toEqual({ leave: true })
  leaveOld()
  expect([starts(), seat.pid()]).toEqual([1, 8])
  expect(ours.got).toEqual([{ hold: { at: 1, env: { A: '1' } } }])
  expect(() => seat.take(keeper(9, '1.9.0'), null)).toThrow(/process 8 keeps/)
  held.put({ at: 2, env: { A: '2' } })
  expect(old.got).not.toContainEqual({ hold: { at: 2, env: { A: '2' } } })
})

test('a keeper of a newer release is left in peace', () => {
  const { seat, keeper, starts } = setUp()
  seat.watch()
  seat.take(keeper(7, '3.0.0'), null)
  expect([starts(), seat.pid()]).toEqual([0, 7])
  expect(() => seat.take(keeper(8), null)).toThrow(/process 7 keeps/)
})

test('who comes instead of a keeper gets its seat and what it held', () => {
  const { seat, held, keeper, starts } = setUp()
  held.put({ at: 1, env: { A: '1' } })
  seat.watch()
  const first = keeper(7)
  const leaveFirst = seat.take(first, null)
  const second = keeper(8)
  seat.take(second, null, true)
  leaveFirst()
  expect(first.got.at(-1)).toEqual({ leave: true })
  expect(second.got).toEqual([{ hold: { at: 1, env: { A: '1' } } }])
  expect([starts(), seat.pid()]).toEqual([0, 8])
  seat.dismiss()
  expect(() => seat.take(keeper(9), null, true)).toThrow(/going/)
})
