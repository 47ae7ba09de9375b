import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const clis = fileURLToPath(new URL('../../.clis', import.meta.url))

/** Codex as it is installed here, undefined where it is not. */
const program = [join(clis, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)].map((folder) => join(folder, 'codex')).find((file) => existsSync(file))

/** Runs tests that need the real program; where it is missing that is said, and in CI it is a failure. */
export function withCodex(tests: (env: Record<string, string>) => void): void {
  if (program !== undefined) return tests({ TROUPE_CODEX: program })
  describe('Codex', () => {
    it('is installed in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, 'Codex is not installed in .clis')
      expect(program).toBeDefined()
    })
  })
}
