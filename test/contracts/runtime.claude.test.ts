import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { claude } from '../../src/runtimes/claude/index.ts'
import { runtimeContract } from './runtime.ts'

const clis = fileURLToPath(new URL('../../.clis', import.meta.url))
const platform = `claude-code-${process.platform}-${process.arch}`
const places = [join(clis, 'bin', 'claude'), join(clis, 'node_modules', '@anthropic-ai', platform, 'claude')]
const program = [...places, ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'claude'))].find((file) => existsSync(file))

if (program !== undefined) {
  runtimeContract('claude-code', {
    make: claude,
    env: { TROUPE_CLAUDE: program },
    asks: { do: 'tool', tool: 'Bash', args: { command: 'touch made', description: 'makes a file' }, text: '', delay: 0 },
    asking: /Do you want to proceed\?/,
  })
} else {
  describe('the runtime claude-code', () => {
    it('needs Claude Code in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, 'Claude Code is not installed in .clis')
      expect(program).toBeDefined()
    })
  })
}
