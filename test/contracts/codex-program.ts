import { withCli } from './cli-program.ts'

/** Runs tests that need the real Codex. */
export const withCodex = (tests: (env: Record<string, string>) => void): void => withCli('codex', 'TROUPE_CODEX', tests)
