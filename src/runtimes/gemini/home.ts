import { access, lstat, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Host } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import type { GeminiFiles } from './files.ts'

/** `~/.gemini` of the person. */
export function personsFolder(host: Pick<Host, 'home' | 'env'>): string {
  return join(host.env['GEMINI_CLI_HOME'] ?? host.home, '.gemini')
}

/** What is the person's and stays theirs: logins, and what they taught the CLI. */
const shared = [
  ...['oauth_creds.json', 'google_accounts.json', 'gemini-credentials.json', 'mcp-oauth-tokens.json', 'mcp-oauth-tokens-v2.json', 'installation_id', '.env'],
  ...['GEMINI.md', 'commands', 'extensions', 'skills', 'agents', 'policies', 'keybindings.json'],
]

/** Links into the agent's own home; in rehearsal none. Idempotent, and what is gone there goes here. */
export async function linkPersons(files: GeminiFiles, persons: string, rehearsal: boolean): Promise<void> {
  const own = dirname(files.settings)
  await mkdir(own, { recursive: true, mode: 0o700 })
  for (const name of shared) {
    const link = join(own, name)
    const there = await lstat(link).catch(() => null)
    if (there !== null && !there.isSymbolicLink()) continue // made by this agent's CLI before the person had one
    if (there !== null) await rm(link)
    if (!rehearsal && (await exists(join(persons, name)))) await symlink(join(persons, name), link)
  }
}

/** The person's settings; an unreadable file is none. Comments are allowed in it. */
export async function personsSettings(persons: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(withoutComments(await readFile(join(persons, 'settings.json'), 'utf8')))
    return isRecord(value) ? value : {}
  } catch {
    return {} // not there, or the CLI itself says what is wrong with it
  }
}

/** Blanks in their place; what stands in strings stays. */
export function withoutComments(text: string): string {
  return text.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found) => (found.startsWith('"') ? found : ' '))
}

export type AuthType = 'gemini-api-key' | 'vertex-ai' | 'oauth-personal' | 'compute-default-credentials'

/** How the CLI would log in: what the person chose, else what their environment has. Null: nothing to log in with is to be seen. */
export async function authType(env: Record<string, string>, persons: string): Promise<AuthType | null> {
  const has = (name: string) => (env[name] ?? '') !== ''
  const chosen = chosenAuth(await personsSettings(persons))
  const oauth = (await exists(join(persons, 'oauth_creds.json'))) || (await exists(join(persons, 'gemini-credentials.json')))
  const dotEnv = await readFile(join(persons, '.env'), 'utf8').catch(() => '')
  const key = has('GEMINI_API_KEY') || /^\s*(export\s+)?GEMINI_API_KEY\s*=\s*\S/m.test(dotEnv)
  const vertex = has('GOOGLE_API_KEY') || (has('GOOGLE_CLOUD_PROJECT') && has('GOOGLE_CLOUD_LOCATION'))
  if (chosen !== null) return able(chosen, { key, vertex, oauth }) ? chosen : null
  if (env['GOOGLE_GENAI_USE_VERTEXAI'] === 'true' && vertex) return 'vertex-ai'
  if (key) return 'gemini-api-key'
  if (oauth) return 'oauth-personal'
  return vertex ? 'vertex-ai' : null
}

function able(chosen: AuthType, { key, vertex, oauth }: { key: boolean; vertex: boolean; oauth: boolean }): boolean {
  if (chosen === 'gemini-api-key') return key
  if (chosen === 'vertex-ai') return vertex
  return chosen === 'oauth-personal' ? oauth : true
}

function chosenAuth({ security }: Record<string, unknown>): AuthType | null {
  const auth = isRecord(security) ? security['auth'] : null
  const chosen = isRecord(auth) ? auth['selectedType'] : null
  return chosen === 'gemini-api-key' || chosen === 'vertex-ai' || chosen === 'oauth-personal' || chosen === 'compute-default-credentials' ? chosen : null
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
