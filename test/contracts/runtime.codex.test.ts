import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { runtimeContract } from './runtime.ts'

withCodex((env) => runtimeContract('codex', codexSubject(env)))
