import { opencode } from '../../src/runtimes/opencode/index.ts'
import { withOpencode } from './opencode-program.ts'
import { opencodeSubject } from './opencode-subject.ts'
import { runtimeContract } from './runtime.ts'

withOpencode((env) => runtimeContract('opencode', { ...opencodeSubject(env), make: opencode }))
