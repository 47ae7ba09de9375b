import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** What a run of the tests came to, as `scripts/test.ts` reads it. */
export interface Tally {
  passed: number
  failed: number
  /** What failed, with the first line of why. */
  failures: { test: string; why: string }[]
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
  const tally: Tally = { passed: 0, failed: stray, failures: [], skipped: [] }
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    for (const test of tests) add(tally, module, test)
    // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
    if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) {
      tally.failed += 1
      tally.failures.push({ test: module.relativeModuleId, why: firstLine(module.errors()) })
    }
  }
  return tally
}

function add(tally: Tally, module: TestModule, test: TestCase): void {
  const result = test.result()
  const name = `${module.relativeModuleId} > ${test.fullName}`
  if (result.state === 'passed') tally.passed += 1
  else if (result.state === 'skipped') tally.skipped.push({ test: name, reason: result.note ?? 'no reason given' })
  else {
    tally.failed += 1
    tally.failures.push({ test: name, why: result.state === 'failed' ? firstLine(result.errors) : 'never came to an end' })
  }
}

const firstLine = (errors: readonly { message: string }[]): string => (errors[0]?.message ?? 'no reason given').split('\n', 1)[0]!.slice(0, 300)
