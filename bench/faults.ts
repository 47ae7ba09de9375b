import { processEnvironment } from '../src/config/environment.ts'
import { run } from '../src/util/spawn.ts'
import type { Row } from './row.ts'

/** kill -9 of every combination of a team's processes, as `TROUPE_FAULTS=full` runs them: all 63. */
export async function faults(): Promise<Row[]> {
  const begun = performance.now()
  const env = { ...processEnvironment(), TROUPE_FAULTS: 'full' }
  const { code, stdout } = await run([process.execPath, 'node_modules/vitest/vitest.mjs', 'run', 'test/faults'], { env, timeoutMs: 3_600_000 })
  const slowest = Math.max(...[...stdout.matchAll(/^ *(\d+) ms {2}/gm)].map(([, ms]) => Number(ms)))
  const beside = `${Math.round((performance.now() - begun) / 1000)} s in all; the slowest was well again after ${(slowest / 1000).toFixed(1)} s, 5 s of it back-off`
  return [{ figure: 'combinations of killed processes that a team did not come back from', value: code === 0 ? 0 : 1, unit: 'of 63', hold: '0', beside }]
}
