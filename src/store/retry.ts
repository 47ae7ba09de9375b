import type { Clock } from '../core/clock.ts'
import type { Engine } from './engine.ts'

/** Delays between attempts, ms. Together they outlast a restart of PostgreSQL. */
const delays = [50, 100, 200, 400, 800, 1_600, 3_200]

/** Tries again, a bounded number of times, what failed for a lost connection or another transaction's sake. */
export async function retrying<T>(engine: Engine, clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const fault = engine.fault(error)
      const delay = delays[attempt]
      if (delay === undefined || (fault !== 'retry' && fault !== 'lost')) throw engine.explain(error)
      await pause(clock, delay)
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}
