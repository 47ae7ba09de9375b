import { withClaude } from './claude-program.ts'
import { claudeSubject } from './claude-subject.ts'
import { runtimeContract } from './runtime.ts'

withClaude((env) => {
  runtimeContract('claude-code', claudeSubject(env))
})
