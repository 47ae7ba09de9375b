import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { inLulls } from './lull.ts'

it('rests once after much work, when nothing came for a while, and not after little', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  let rests = 0
  const lulls = inLulls(systemClock, () => (rests += 1))
  lulls.changed(999)
  vi.advanceTimersByTime(10_000)
  expect(rests).toBe(0)
  lulls.changed(1)
  vi.advanceTimersByTime(2_000)
  lulls.changed(5_000)
  vi.advanceTimersByTime(2_900)
  expect(rests).toBe(0)
  vi.advanceTimersByTime(200)
  expect(rests).toBe(1)
  vi.advanceTimersByTime(60_000)
  lulls.changed(10)
  vi.advanceTimersByTime(60_000)
  expect(rests).toBe(1)
  lulls.changed(2_000)
  lulls.stop()
  vi.advanceTimersByTime(60_000)
  expect(rests).toBe(1)
})
