import { afterEach, beforeEach, expect, it } from 'vitest'
import { resetOf as claudeReset } from './claude/failure.ts'
import { resetTime } from './reset-time.ts'

const zone = process.env['TZ']
beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin'
})
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const at = (text: string) => Date.parse(text)

it.each([
  ['the night in which clocks go forward', '2026-03-28T18:00:00+01:00', '2026-03-29T17:00:00+02:00'],
  ['the night in which clocks go back', '2026-10-24T18:00:00+02:00', '2026-10-25T17:00:00+01:00'],
  ['any other night', '2026-06-01T18:00:00+02:00', '2026-06-02T17:00:00+02:00'],
])('5pm is 5pm of the clock on the wall after %s', (_, now, then) => {
  expect(resetTime({ at: '5pm', in: undefined }, at(now))).toBe(at(then))
  expect(claudeReset('limit · resets 5pm', at(now))).toBe(at(then))
})

it('is told in hours that pass, whatever the clocks do', () => {
  expect(resetTime({ at: undefined, in: '5h' }, at('2026-03-29T00:30:00+01:00'))).toBe(at('2026-03-29T06:30:00+02:00'))
})

it('takes a time of day that a night leaves out for the moment after the change', () => {
  const found = resetTime({ at: '2:30 am', in: undefined }, at('2026-03-29T00:30:00+01:00'))
  expect(found).toBe(at('2026-03-29T03:30:00+02:00'))
})
