import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Health, Host } from '../../core/runtime.ts'
import { Installed, isOlder, unusable } from '../installed.ts'
import { isRecord } from '../json.ts'

/** The one this folder was measured with is 1.18.33; the first with OPENCODE_DB, which keeps agents apart, is not known. */
const oldest = [1, 18, 0] as const
const install = 'npm install -g opencode-ai'

/** Variables with a key that OpenCode's providers read. Of hundreds of providers, those with the most users. */
export const providerKeys = [
  ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_API_KEY'],
  ...['GROQ_API_KEY', 'DEEPSEEK_API_KEY', 'MISTRAL_API_KEY', 'XAI_API_KEY', 'CEREBRAS_API_KEY', 'TOGETHER_API_KEY', 'FIREWORKS_API_KEY', 'MOONSHOT_API_KEY', 'ZHIPU_API_KEY'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_BEARER_TOKEN_BEDROCK', 'AZURE_API_KEY', 'GITHUB_TOKEN'],
]

export function opencodeProgram(): Installed {
  return new Installed({ name: 'opencode', variable: 'TROUPE_OPENCODE', install, probe, hasLogin: hasCredentials })
}

async function probe(program: string, ask: (...args: string[]) => Promise<string>): Promise<Health> {
  const number = /(\d+)\.(\d+)\.(\d+)/.exec(await ask('--version'))
  if (number === null) return unusable(program, `${program} --version did not answer with a version`, `install it again: ${install}`)
  const [text, ...parts] = number
  if (isOlder(parts.map(Number), oldest)) return { ...unusable(program, `OpenCode ${text} is older than ${oldest.join('.')}, which keeps the conversations of several agents apart`, install), version: text }
  return { installed: true, program, version: text, features: { httpApi: true }, problem: null }
}

/** Whether there is something to log in with. Whether it still works, only a call to the provider shows. */
export async function hasCredentials({ env, home }: Pick<Host, 'env' | 'home'>): Promise<boolean> {
  if (providerKeys.some((name) => name !== 'GITHUB_TOKEN' && (env[name] ?? '') !== '')) return true
  try {
    const logins: unknown = JSON.parse(await readFile(join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'opencode', 'auth.json'), 'utf8'))
    return isRecord(logins) && Object.keys(logins).length > 0
  } catch {
    return false // never logged in, or nothing that OpenCode could read either
  }
}
