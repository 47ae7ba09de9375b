import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const clis = fileURLToPath(new URL('../../.clis', import.meta.url))
const platform = `claude-code-${process.platform}-${process.arch}`
const places = [join(clis, 'bin', 'claude'), join(clis, 'node_modules', '@anthropic-ai', platform, 'claude')]

/** Claude Code as it is installed here, undefined where it is not. */
const program = [...places, ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'claude'))].find((file) => existsSync(file))

/** Runs tests that need the real program; where it is missing that is said, and in CI it is a failure. */
export function withClaude(tests: (env: Record<string, string>) => void): void {
  if (program !== undefined) return tests({ TROUPE_CLAUDE: program })
  describe('Claude Code', () => {
    it('is installed in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, 'Claude Code is not installed in .clis')
      expect(program).toBeDefined()
    })
  })
}
