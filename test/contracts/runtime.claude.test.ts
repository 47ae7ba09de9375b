import { claude } from '../../src/runtimes/claude/index.ts'
import { withClaude } from './claude-program.ts'
import { runtimeContract } from './runtime.ts'

withClaude((env) => {
  runtimeContract('claude-code', {
    make: claude,
    env,
    asks: { do: 'tool', tool: 'Bash', args: { command: 'touch made', description: 'makes a file' }, text: '', delay: 0 },
    asking: /Do you want to proceed\?/,
  })
})
