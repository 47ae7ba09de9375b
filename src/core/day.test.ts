import { expect, it } from 'vitest'
import { dayNamed, dayOf, isTimezone } from './day.ts'

const hour = 3_600_000
const at = (text: string) => Date.parse(text)

it('is the day of UTC unless a zone says otherwise', () => {
  expect(dayOf(at('2026-11-21T23:59:59.999Z'), 'UTC')).toEqual({ name: '2026-11-21', start: at('2026-11-21T00:00:00Z'), end: at('2026-11-22T00:00:00Z') })
  expect(dayOf(at('2026-11-21T23:30:00Z'), 'Europe/Berlin')).toEqual({ name: '2026-11-22', start: at('2026-11-21T23:00:00Z'), end: at('2026-11-22T23:00:00Z') })
})

it.each([
  ['2026-03-29', 'Europe/Berlin', 23],
  ['2026-10-25', 'Europe/Berlin', 25],
  ['2026-11-21', 'Asia/Kathmandu', 24],
  ['2026-04-05', 'Australia/Lord_Howe', 24.5],
  // At midnight the clock goes to one: the day has no midnight.
  ['2026-04-24', 'Africa/Cairo', 23],
])('has the hours that the clock gives it: %s in %s', (name, timezone, hours) => {
  const day = dayOf(at(`${name}T10:00:00Z`), timezone)
  expect([day.name, (day.end - day.start) / hour]).toEqual([name, hours])
  expect(dayOf(day.start, timezone)).toEqual(day)
  expect(dayOf(day.end - 1, timezone)).toEqual(day)
  expect(dayOf(day.end, timezone).start).toBe(day.end)
  expect(dayOf(day.start - 1, timezone).end).toBe(day.start)
})

it('is found by its name in every zone', () => {
  for (const timezone of ['UTC', 'Pacific/Kiritimati', 'Etc/GMT+12', 'Asia/Kolkata']) expect(dayNamed('2026-11-21', timezone)?.name).toBe('2026-11-21')
  expect(['2026-13-01', 'yesterday', '2026-02-30'].map((name) => dayNamed(name, 'UTC'))).toEqual([null, null, null])
})

it('knows zones from words', () => {
  expect(['UTC', 'America/New_York', 'Mars/Olympus', ''].map(isTimezone)).toEqual([true, true, false, false])
})
