import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** What a run of the tests came to, as `scripts/test.ts` reads it. */
export interface Tally {
  passed: number
  failed: number
  skipped: { test: string; reason: string }[]
}

/** A vitest reporter that counts, and keeps the reason of each skip, which vitest's own JSON does not. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['TROUPE_TALLY']
    if (file === undefined) return
    writeFileSync(file, JSON.stringify(count(modules, errors.length)))
  }
}

function count(modules: readonly TestModule[], stray: number): Tally {
  const tally: Tally = { passed: 0, failed: stray, skipped: [] }
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    for (const test of tests) add(tally, module, test)
    // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
    if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) tally.failed += 1
  }
  return tally
}

function add(tally: Tally, module: TestModule, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') tally.passed += 1
  else if (result.state === 'failed') tally.failed += 1
  else if (result.state === 'pending') tally.failed += 1 // never came to an end
  else tally.skipped.push({ test: `${module.relativeModuleId} > ${test.fullName}`, reason: result.note ?? 'no reason given' })
}
