import { lint, passes, types, type Step } from './steps.ts'

/** The quick look: types, lint, and the rules of the source tree. */
const architecture: Step = { name: 'architecture', argv: ['node_modules/vitest/vitest.mjs', 'run', 'test/architecture.test.ts'] }

let failed = 0
for (const step of [types, lint, architecture]) {
  if (!(await passes(step))) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
