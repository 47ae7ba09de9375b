import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { systemClock } from './clock.ts'

it('does not take a wait of more than 24 days for none', async () => {
  const ended: string[] = []
  const cancel = systemClock.after(2 ** 31, () => void ended.push('long'))
  systemClock.after(10, () => void ended.push('short'))
  await pause(50)
  cancel()
  expect(ended).toEqual(['short'])
})
