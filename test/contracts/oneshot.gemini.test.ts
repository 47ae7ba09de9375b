import { gemini } from '../../src/runtimes/gemini/index.ts'
import { withCli } from './cli-program.ts'
import { geminiSubject } from './gemini-subject.ts'
import { oneshotContract } from './oneshot.ts'

withCli('gemini', 'TROUPE_GEMINI', (env) => oneshotContract('gemini', { ...geminiSubject(env), make: () => gemini(null, 'oneshot') }))
