import { processEnvironment } from '../src/config/environment.ts'
import { run } from '../src/util/spawn.ts'
import type { Row } from './row.ts'

/** Random and hostile input on every face: a million and more, as `TROUPE_FUZZ=full` runs them. */
export async function fuzz(): Promise<Row[]> {
  const begun = performance.now()
  const env = { ...processEnvironment(), TROUPE_FUZZ: 'full' }
  const { code, stdout } = await run([process.execPath, 'node_modules/vitest/vitest.mjs', 'run', 'test/fuzz'], { env, timeoutMs: 3_600_000 })
  const failed = code === 0 ? 0 : Number(/(\d+) failed/.exec(stdout.slice(stdout.lastIndexOf('Tests')))?.[1] ?? 1)
  const beside = `${Math.round((performance.now() - begun) / 1000)} s`
  return [{ figure: 'properties broken by 1.2 million random inputs', value: failed, unit: '', hold: '0', beside }]
}
