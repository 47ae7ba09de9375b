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
    ['12 pm (Europe/Paris)', new Date(2026, 2, 11, 12, 0)],
    ['15:30', new Date(2026, 2, 11, 15, 30)],
    ['16:00', new Date(2026, 2, 10, 16, 0)],
  ])('%s is its next occurrence', (text, expected) => {
    expect(at(text)).toBe(expected.getTime())
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
