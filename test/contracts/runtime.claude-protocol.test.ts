import { claude } from '../../src/runtimes/claude/index.ts'
import { withClaude } from './claude-program.ts'
import { claudeSubject } from './claude-subject.ts'
import { runtimeContract } from './runtime.ts'

withClaude((env) => {
  runtimeContract('claude-code in protocol mode', { ...claudeSubject(env), make: () => claude(null, 'protocol'), keepsWhatWasSaid: true, asking: /may it\? Bash touch/ })
})
