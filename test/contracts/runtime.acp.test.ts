import { acpDescriptor, geminiByAcp } from './acp-subject.ts'
import { withCli } from './cli-program.ts'
import { runtimeContract } from './runtime.ts'

withCli('gemini', 'TROUPE_GEMINI', () => runtimeContract('acp, with Gemini CLI as the agent', geminiByAcp(acpDescriptor('gemini', ['--acp', '--skip-trust']))))
