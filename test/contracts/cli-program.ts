import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))

/** Runs tests that need a real CLI, with where it is; where it is missing that is said, and in CI it is a failure. */
export function withCli(name: string, variable: string, tests: (env: Record<string, string>) => void): void {
  const program = [clis, ...(process.env['PATH'] ?? '').split(delimiter)].map((folder) => join(folder, name)).find((file) => existsSync(file))
  if (program !== undefined) return tests({ [variable]: program })
  describe(`${name}`, () => {
    it('is installed in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, `${name} is not installed in .clis`)
      expect(program).toBeDefined()
    })
  })
}
