import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TroupeError } from './error.ts'
import { defaultLimits } from './limits.ts'
import { besides, burstSeconds, count, limitOf, take, tellEveryMs, throttled, type Bucket } from './throttle.ts'

const limits = { ...defaultLimits, requestsPerSecond: 10, requestsAtOnce: 3, waitsAtOnce: 2 }
const size = limits.requestsPerSecond * burstSeconds

describe('the rate', () => {
  test('a burst passes, then it refuses until there is one again', () => {
    let bucket: Bucket | undefined
    for (let n = 0; n < size; n += 1) {
      const taken = take(bucket, limits, 1, 1000)
      expect(taken.refusal).toBeNull()
      bucket = taken.bucket
    }
    expect(take(bucket, limits, 1, 1000).refusal).toEqual({ limit: 'requests_per_second', allowed: 10, retryAfterMs: 100 })
    expect(take(bucket, limits, 1, 1050).refusal).toMatchObject({ retryAfterMs: 50 })
    expect(take(bucket, limits, 1, 1100).refusal).toBeNull()
  })

  test('many at once cost as many, all or none; what is more than a bucket needs a full one', () => {
    const { bucket } = take(undefined, limits, size - 5, 0)
    expect(take(bucket, limits, 6, 0)).toEqual({ bucket, refusal: { limit: 'requests_per_second', allowed: 10, retryAfterMs: 100 } })
    expect(take(bucket, limits, 5, 0).refusal).toBeNull()
    expect(take(undefined, limits, size * 7, 0)).toMatchObject({ bucket: { tokens: 0 }, refusal: null })
  })

  test('over any time no more passes than the burst and the rate allow, and who waits as told passes', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: -500, max: 3000 }), fc.integer({ min: 1, max: 30 })), { maxLength: 60 })
    fc.assert(fc.property(steps, (asked) => {
      let [now, latest, passed] = [0, 0, 0]
      let bucket: Bucket | undefined
      for (const [later, cost] of asked) {
        now += later
        const taken = take(bucket, limits, cost, now)
        bucket = taken.bucket
        if (taken.refusal === null) passed += cost
        else expect(take(bucket, limits, cost, now + taken.refusal.retryAfterMs).refusal).toBeNull()
        latest += Math.abs(later)
      }
      expect(passed).toBeLessThanOrEqual(size + (latest / 1000) * limits.requestsPerSecond + 1)
    }))
  })
})

test('what runs at once is bounded, and less of it may wait', () => {
  expect(besides(2, 2, false, limits)).toBeNull()
  expect(besides(2, 2, true, limits)).toMatchObject({ limit: 'waits_at_once', allowed: 2 })
  expect(besides(2, 1, true, limits)).toBeNull()
  expect(besides(3, 0, false, limits)).toMatchObject({ limit: 'requests_at_once', allowed: 3 })
})

test('a refusal names the limit as the file does, and is known again', () => {
  const error = throttled('p:ada', { limit: 'waits_at_once', allowed: 2, retryAfterMs: 5 })
  expect(error).toMatchObject({ code: 'throttled', facts: { limit: 'waits_at_once', allowed: 2, retryAfterMs: 5 } })
  expect(error.message).toContain('limits.waits_at_once')
  expect(limitOf(error)).toBe('waits_at_once')
  expect([limitOf(new Error('x')), limitOf(new TroupeError('throttled', 'x', { facts: { limit: 'toString' } }))]).toEqual([null, null])
})

test('the journal hears of the first at once, then once a minute of all since', () => {
  const first = count(undefined, 0)
  expect(first.tell).toBe(1)
  const second = count(first.tally, 10)
  const third = count(second.tally, tellEveryMs - 1)
  expect([second.tell, third.tell]).toEqual([0, 0])
  expect(count(third.tally, tellEveryMs)).toEqual({ tally: { total: 4, last: tellEveryMs, toldAt: tellEveryMs, untold: 0 }, tell: 3 })
})
