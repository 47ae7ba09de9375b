import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClaudeHome } from './home.ts'

const keys = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX']

/**
 * Whether there is something to log in with: a key in the environment, or a login that Claude keeps. Whether it still
 * works, only a call to the provider shows; `state` is what `.claude.json` says.
 */
export async function hasCredentials(env: Record<string, string>, home: ClaudeHome, state: Record<string, unknown>): Promise<boolean> {
  if (keys.some((key) => (env[key] ?? '') !== '') || state['oauthAccount'] !== undefined) return true
  return await access(join(home.folder, '.credentials.json')).then(
    () => true,
    () => false,
  )
}
