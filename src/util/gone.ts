import { setTimeout as sleep } from 'node:timers/promises'
import { processOf } from './processes.ts'

const lookEveryMs = 20

/** True once the process that has this pid now is over; false if it still runs after `ms`. */
export async function isGoneWithin(pid: number, ms: number): Promise<boolean> {
  const found = await processOf(pid)
  const until = performance.now() + ms
  for (let now = found; now !== undefined && !now.zombie && now.started === found?.started; now = await processOf(pid)) {
    if (performance.now() > until) return false
    await sleep(lookEveryMs)
  }
  return true
}
