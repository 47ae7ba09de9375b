import type { Clock } from '../../core/clock.ts'

/** Asks again and again, at once and then every 25 ms, until yes or until `ms` are over. Returns the last answer. */
export async function until(clock: Clock, ms: number, question: () => Promise<boolean>): Promise<boolean> {
  const end = clock.elapsed() + ms
  for (;;) {
    if (await question()) return true
    if (clock.elapsed() >= end) return false
    await new Promise<void>((resolve) => clock.after(25, resolve))
  }
}
