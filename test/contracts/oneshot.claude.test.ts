import { claude } from '../../src/runtimes/claude/index.ts'
import { withClaude } from './claude-program.ts'
import { claudeSubject } from './claude-subject.ts'
import { oneshotContract } from './oneshot.ts'

withClaude((env) => {
  oneshotContract('claude-code', { ...claudeSubject(env), make: () => claude(null, 'oneshot') })
})
