import { withCli } from './cli-program.ts'

/** Runs tests that need the real Claude Code. */
export const withClaude = (tests: (env: Record<string, string>) => void): void => withCli('claude', 'TROUPE_CLAUDE', tests)
