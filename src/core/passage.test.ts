import { expect, it } from 'vitest'
import { begun, isCounted, type Passage } from './passage.ts'

const hour = 3_600_000
const now = 1_000 * hour
const other = { recordsById: false }

it('counts what a record tells of by the time it happened: on the way while calls went through troupe, from the record before and after', () => {
  const through = begun([], now, other)
  expect([isCounted(through, now - 1), isCounted(through, now), isCounted(through, now + 9 * hour)]).toEqual([false, true, true])
  const over = begun(through, now + hour, null)
  expect([isCounted(over, now + hour - 1), isCounted(over, now + hour)]).toEqual([true, false])
  const again = begun(over, now + 2 * hour, other)
  expect([isCounted(again, now + hour), isCounted(again, now + 2 * hour)]).toEqual([false, true])
})

it('leaves records alone that name calls as the provider does: they are the same rows', () => {
  const passages = begun(begun([], now, other), now + hour, { recordsById: true })
  expect([isCounted(passages, now), isCounted(passages, now + hour)]).toEqual([true, false])
})

it('does not grow with starts, and forgets what no record tells of any more', () => {
  let passages: Passage[] = begun([], now, other)
  for (let n = 1; n < 50; n++) passages = begun(passages, now + n, other)
  expect(passages).toHaveLength(1)
  expect(begun(begun(passages, now + hour, null), now + 100 * hour, null)).toEqual([])
})
