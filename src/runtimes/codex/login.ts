import { lstatSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Provider } from './config.ts'
import { personsHome } from './home.ts'

/** Whether there is something to log in with. Whether it still works, only a call to the provider shows. */
export async function hasCredentials(home: string, env: Record<string, string>): Promise<boolean> {
  return (await hasLogin(home, env)) || (env['OPENAI_API_KEY'] ?? '') !== ''
}

async function hasLogin(home: string, env: Record<string, string>): Promise<boolean> {
  return await access(join(personsHome(home, env), 'auth.json')).then(
    () => true,
    () => false,
  )
}

/** Codex knows logins alone; a key in the environment becomes a provider of its own, and stands in no file. */
export async function providerByKey(home: string, env: Record<string, string>): Promise<Provider | null> {
  if ((env['OPENAI_API_KEY'] ?? '') === '' || (await hasLogin(home, env))) return null
  const url = env['OPENAI_BASE_URL'] ?? ''
  return { url: url === '' ? 'https://api.openai.com/v1' : url, key: 'OPENAI_API_KEY' }
}

/** The login of the person, by a link: Codex renews it in place, for all that use it. */
export function linkLogin(auth: string, target: string): void {
  if (lstatSync(auth, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(auth) === target) return
  rmSync(auth, { force: true })
  symlinkSync(target, auth)
}

/** Whether the person told Codex to trust the folder, or one above it. Read as lines: it is their file, and only looked at. */
export async function personTrusts(home: string, env: Record<string, string>, cwd: string): Promise<boolean> {
  const text = await readFile(join(personsHome(home, env), 'config.toml'), 'utf8').catch(() => '')
  let project: string | null = null
  for (const line of text.split('\n')) {
    const heading = /^\s*\[(.+)\]\s*$/.exec(line)?.[1]
    if (heading !== undefined) project = /^projects\.(?:"(.+)"|'(.+)')$/.exec(heading)?.slice(1).find((each) => each !== undefined) ?? null
    else if (project !== null && /^\s*trust_level\s*=\s*["']trusted["']/.test(line) && (cwd === project || cwd.startsWith(`${project}/`))) return true
  }
  return false
}
