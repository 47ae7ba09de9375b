import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, lint, passes, types, type Step } from './steps.ts'
import type { Tally } from './tally.ts'

/**
 * Everything: lint, types, build, every test. The last line alone says what it came to. A step that fails
 * counts as one failure. With CI=true a skipped test is a failure.
 */
const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
const file = join(folder, 'tally.json')
const filters = process.argv.slice(2)
const tests: Step = {
  name: 'tests',
  argv: ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=./scripts/tally.ts', ...filters],
  env: { TROUPE_TALLY: file },
}

let failed = 0
for (const step of [lint, types, build]) {
  if (!(await passes(step))) failed += 1
}
const green = await passes(tests)
const tally = readTally()
rmSync(folder, { recursive: true })

failed += tally.failed
if (!green && tally.failed === 0) failed += 1
for (const { test, why } of tally.failures) process.stdout.write(`failed: ${test}: ${why}\n`)
for (const { test, reason } of tally.skipped) process.stdout.write(`skipped: ${test}: ${reason}\n`)
if (process.env['CI'] === 'true' && tally.skipped.length > 0) {
  process.stdout.write(`With CI=true nothing may be skipped: ${tally.skipped.length} counted as failed\n`)
  failed += tally.skipped.length
}
const skipped = tally.skipped.length === 0 || process.env['CI'] === 'true' ? '' : `, ${tally.skipped.length} skipped`
process.stdout.write(`${tally.passed} passed, ${failed} failed${skipped}\n`)
process.exitCode = failed === 0 ? 0 : 1

/** vitest that died before its end leaves no tally: that is a failure, not a zero. */
function readTally(): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Tally
  } catch {
    return { passed: 0, failed: 1, failures: [], skipped: [] }
  }
}
