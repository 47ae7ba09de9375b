import { codex } from '../../src/runtimes/codex/index.ts'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { oneshotContract } from './oneshot.ts'

withCodex((env) => oneshotContract('codex', { ...codexSubject(env), make: () => codex(null, 'oneshot') }))
