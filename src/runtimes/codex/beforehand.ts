import { TroupeError } from '../../core/error.ts'
import { run } from '../../util/spawn.ts'
import { parseRecord } from '../json.ts'
import { holdsCalls, unheld } from './hooks.ts'
import { results } from './protocol.ts'

/** It answers within 50 ms. ms */
const patienceMs = 30_000
const asked = 2

export interface Beforehand {
  program: string
  /** The agent's own: what of them changes settings counts here too. */
  args: readonly string[]
  env: Record<string, string>
  cwd: string
  /** Path of the config file. */
  config: string
}

/**
 * Whoever runs one task cannot be asked which hooks it runs, and nobody could stop it in time: an app-server of the same home,
 * folder and settings is asked before. Throws `config` where the hook that holds calls would not run.
 */
export async function checkBeforehand({ program, args, env, cwd, config }: Beforehand): Promise<void> {
  const questions = [
    { id: 1, method: 'initialize', params: { clientInfo: { name: 'troupe', title: 'troupe', version: '1' }, capabilities: { experimentalApi: true, requestAttestation: false } } },
    { method: 'initialized' },
    { id: asked, method: 'hooks/list', params: { cwds: [cwd] } },
  ]
  const input = questions.map((each) => `${JSON.stringify(each)}\n`).join('')
  const said = await run([program, 'app-server', ...settingsIn(args)], { env, cwd, input, enough: (stdout) => answerIn(stdout) !== undefined, timeoutMs: patienceMs })
  const listed = results['hooks/list'].safeParse(answerIn(said.stdout)?.['result'])
  if (!listed.success || !holdsCalls(listed.data, config)) throw new TroupeError('config', unheld.why, { hint: unheld.fix })
}

function answerIn(stdout: string): Record<string, unknown> | undefined {
  return stdout.split('\n').map(parseRecord).find((line) => line !== null && line['id'] === asked && line['method'] === undefined) ?? undefined
}

const valued = new Set(['-c', '--config', '--enable', '--disable'])

/** Those of its words that an app-server knows as well. */
export function settingsIn(args: readonly string[]): string[] {
  return args.flatMap((word, at) => {
    if (valued.has(word)) return args.slice(at, at + 2)
    return /^(-c.|--(config|enable|disable)=)/.test(word) ? [word] : []
  })
}

/** Words with which Codex reads nothing of what troupe writes for it. */
export function checkArgs(args: readonly string[]): void {
  if (args.includes('--ignore-user-config')) throw new TroupeError('config', `${unheld.why}: \`args\` has --ignore-user-config`, { hint: 'take it out' })
}
