import { withCli } from './cli-program.ts'

/** Runs tests that need the real OpenCode. */
export const withOpencode = (tests: (env: Record<string, string>) => void): void => withCli('opencode', 'TROUPE_OPENCODE', tests)
