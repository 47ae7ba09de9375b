import { withCli } from './cli-program.ts'
import { geminiSubject } from './gemini-subject.ts'
import { runtimeContract } from './runtime.ts'

withCli('gemini', 'TROUPE_GEMINI', (env) => runtimeContract('gemini', geminiSubject(env)))
