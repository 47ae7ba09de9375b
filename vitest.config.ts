import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SlowFirst } from './test/slow-first.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // Most of the time is waiting for other programs: one worker a core leaves two fifths of each core unused.
    maxWorkers: Math.min(6, Math.ceil(availableParallelism() * 1.5)),
    sequence: { sequencer: SlowFirst },
    // Bounds against hanging, ten times what anything should take: no test measures time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})
