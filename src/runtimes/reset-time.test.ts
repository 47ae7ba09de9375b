import { describe, expect, it } from 'vitest'
import { resetTime } from './reset-time.ts'

const now = new Date(2026, 2, 10, 15, 30).getTime()
const at = (text: string) => resetTime({ at: text, in: undefined }, now)
const span = (text: string) => resetTime({ at: undefined, in: text }, now)

describe('when a limit is over', () => {
  it.each([
    ['4pm', new Date(2026, 2, 10, 16, 0)],
    ['4:45 PM', new Date(2026, 2, 10, 16, 45)],
    ['12am', new Date(2026, 2, 11, 0, 0)],
    ['12 pm (no zone)', new Date(2026, 2, 11, 12, 0)],
    ['15:30', new Date(2026, 2, 10, 15, 30)],
    ['15:16', new Date(2026, 2, 10, 15, 16)],
    ['15:15', new Date(2026, 2, 11, 15, 15)],
    ['16:00', new Date(2026, 2, 10, 16, 0)],
  ])('%s is its next occurrence, or the one just now', (text, expected) => {
    expect(at(text)).toBe(expected.getTime())
  })

  it.each([
    ['9am (Asia/Tokyo)', '2026-03-11T09:00+09:00'],
    ['Mar 30, 2:30am (Europe/Berlin)', '2026-03-30T02:30+02:00'],
    ['Jan 2 at 5pm (UTC)', '2027-01-02T17:00Z'],
    ['11:59 PM UTC', '2026-03-10T23:59Z'],
    ['2026-03-11T08:00:00+01:00', '2026-03-11T07:00Z'],
    ['1773214200', '2026-03-11T07:30Z'],
  ])('%s is a moment, wherever this machine is', (text, expected) => {
    expect(resetTime({ at: text, in: undefined }, Date.parse('2026-03-10T15:30Z'))).toBe(Date.parse(expected))
  })

  it.each([
    ['5h 15m', 18_900_000],
    ['30 minutes', 1_800_000],
    ['120s', 120_000],
    ['2 hours', 7_200_000],
    ['1d2h', 93_600_000],
    ['90', 90_000],
  ])('%s is a span', (text, ms) => {
    expect(span(text)).toBe(now + ms)
  })

  it.each(['soon', '25:00', '7', '13:75', ''])('%j is not a time of day', (text) => {
    expect(at(text)).toBeNull()
  })

  it('is unknown where nothing was said', () => {
    expect(resetTime({ at: undefined, in: undefined }, now)).toBeNull()
    expect(span('later')).toBeNull()
  })
})
