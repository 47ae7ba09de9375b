import { codex } from '../../src/runtimes/codex/index.ts'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { runtimeContract } from './runtime.ts'

withCodex((env) => {
  runtimeContract('codex in protocol mode', { ...codexSubject(env), make: () => codex(null, 'protocol'), keepsWhatWasSaid: true, asking: /(may it\?|\$) .*touch/ })
})
