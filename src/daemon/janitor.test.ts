import { expect, it } from 'vitest'
import { carriers } from '../../test/fixtures/carriers.ts'
import { Janitor, type JanitorParts } from './janitor.ts'

const on = carriers()
const day = 86_400_000

it('comes within its six hours also where the clock was far ahead when it came last', async () => {
  await on.store.write((tx) => tx.settings.put('gc', on.clock.now() + 20 * day))
  const waits: number[] = []
  const clock = { ...on.clock, after: (ms: number) => (waits.push(ms), () => undefined) }
  const janitor = new Janitor({ store: on.store, clock } as unknown as JanitorParts)
  await janitor.start()
  expect(waits).toHaveLength(1)
  expect(waits[0]).toBeLessThanOrEqual(day / 4)
})
