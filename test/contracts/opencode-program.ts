import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const places = [fileURLToPath(new URL('../../.clis/bin', import.meta.url)), ...(process.env['PATH'] ?? '').split(delimiter)]

/** OpenCode as it is installed here, undefined where it is not. */
const program = places.map((folder) => join(folder, 'opencode')).find((file) => existsSync(file))

/** Runs tests that need the real program; where it is missing that is said, and in CI it is a failure. */
export function withOpencode(tests: (env: Record<string, string>) => void): void {
  if (program !== undefined) return tests({ TROUPE_OPENCODE: program })
  describe('OpenCode', () => {
    it('is installed in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, 'OpenCode is not installed in .clis')
      expect(program).toBeDefined()
    })
  })
}
