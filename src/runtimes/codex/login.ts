import { lstatSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Provider } from './config.ts'
import { personsHome } from './home.ts'
import type { Personal } from './person.ts'

/** Whether there is something to log in with. Whether it still works, only a call to the provider shows. */
export async function hasCredentials(home: string, env: Record<string, string>, { provider, secrets }: Personal): Promise<boolean> {
  if (provider !== null && !provider.login) return provider.key === null || ({ ...env, ...secrets }[provider.key] ?? '') !== ''
  return (await hasLogin(home, env)) || (env['OPENAI_API_KEY'] ?? '') !== ''
}

/** Why there is nothing, and what to do. */
export function noCredentials({ file, provider, keyring }: Personal): TroupeError {
  if (provider?.key != null && !provider.login) {
    const why = `the model provider ${provider.name} of ${file} takes its key from ${provider.key}, which the agent is not given`
    return new TroupeError('config', why, { hint: `name it in \`env\` of the agent, and set it where troupe up is run: env: [${provider.key}]` })
  }
  if (keyring) return new TroupeError('config', 'the login of Codex is in the keyring, where agents have none', { hint: `set cli_auth_credentials_store = "file" in ${file} and run \`codex login\`, or set OPENAI_API_KEY` })
  return new TroupeError('config', 'Codex has no login, and there is no key', { hint: 'run `codex login` once, or set OPENAI_API_KEY' })
}

export async function hasLogin(home: string, env: Record<string, string>): Promise<boolean> {
  return await access(join(personsHome(home, env), 'auth.json')).then(
    () => true,
    () => false,
  )
}

/** Codex knows logins alone; a key in the environment becomes a provider of its own, and stands in no file. */
export async function providerByKey(home: string, env: Record<string, string>, { provider, settings }: Personal): Promise<Provider | null> {
  if (provider !== null || (env['OPENAI_API_KEY'] ?? '') === '' || (await hasLogin(home, env))) return null
  const url = [env['OPENAI_BASE_URL'], settings['openai_base_url']].find((each) => typeof each === 'string' && each !== '')
  return { url: typeof url === 'string' ? url : 'https://api.openai.com/v1', key: 'OPENAI_API_KEY' }
}

/** The login of the person, by a link: Codex renews it in place, for all that use it. */
export function linkLogin(auth: string, target: string): void {
  if (lstatSync(auth, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(auth) === target) return
  rmSync(auth, { force: true })
  symlinkSync(target, auth)
}
