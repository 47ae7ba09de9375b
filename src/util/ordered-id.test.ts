import { expect, it } from 'vitest'
import { version } from 'uuid'
import { orderedIds } from './ordered-id.ts'

it('makes ids in order, within a millisecond and over a clock that is set back', () => {
  let now = 1_800_000_000_000
  const next = orderedIds(() => now)
  const ids = Array.from({ length: 1_000 }, next)
  now -= 3_600_000
  ids.push(...Array.from({ length: 1_000 }, next))
  now += 3_600_001
  ids.push(...Array.from({ length: 1_000 }, next))
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(3_000)
  expect(ids.every((id) => version(id) === 7)).toBe(true)
  expect(Number.parseInt(ids.at(-1)!.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
})
