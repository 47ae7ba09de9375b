import type { Health } from '../../core/runtime.ts'
import { Installed, unusable } from '../installed.ts'
import { authType, personsFolder } from './home.ts'

const install = 'npm install -g @google/gemini-cli'

/** What the flags of a version are worth to us. */
const flags: Record<string, RegExp> = {
  sessionId: /--session-id\b/,
  skipTrust: /--skip-trust\b/,
  policy: /--policy\b/,
  approvalMode: /--approval-mode\b/,
  streamJson: /stream-json/,
}

/** Without these a foreign folder's settings would come in, or the conversation could not be found again. */
const needed = ['sessionId', 'skipTrust', 'policy', 'approvalMode']

/** Finds it, and asks it once for each version. */
export const program = () => new Installed({ name: 'gemini', variable: 'TROUPE_GEMINI', install, probe, hasLogin: async (host) => (await authType(host.env, personsFolder(host))) !== null })

async function probe(found: string, ask: (...args: string[]) => Promise<string>): Promise<Health> {
  const [version, help] = await Promise.all([ask('--version'), ask('--help')])
  const number = /^\d+\.\d+\.\d+\S*/.exec(version.trim())?.[0]
  if (number === undefined) return unusable(found, `${found} --version did not answer with a version`, `install it again (it needs Node 20 or newer): ${install}`)
  const features = Object.fromEntries(Object.entries(flags).map(([name, pattern]) => [name, pattern.test(help)]))
  const missing = needed.filter((name) => features[name] !== true)
  const problem = missing.length === 0 ? null : { why: `Gemini CLI ${number} does not offer what a team needs (${missing.join(', ')})`, fix: install }
  return { installed: true, program: found, version: number, features, problem }
}
