import { join } from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { printable } from '../../core/printable.ts'
import { openRegular } from '../../util/open-regular.ts'
import { isRecord } from '../json.ts'
import { personsHome } from './home.ts'
import type { Toml } from './toml.ts'

/** Of the person's own config.toml, which is only read: what their agents are to have too. */
export interface Personal {
  file: string
  /** Model, its provider, and how to log in. */
  settings: Record<string, Toml>
  providers: Record<string, Record<string, Toml>>
  /** What of the providers is a secret, by the variable that the agent gets it in: it stands in no file of ours. */
  secrets: Record<string, string>
  /** Who answers, where it is not OpenAI. */
  provider: { name: string; key: string | null; login: boolean } | null
  /** Folders that the person told Codex to trust. */
  trusted: string[]
  /** Their login is in the keyring of their machine, where nobody but their own Codex home finds it. */
  keyring: boolean
  /** Keys, with their place. */
  left: string[]
  /** Why nothing was taken. */
  wrong: string | null
}

/** Longer ones are no settings. Bytes. */
const longest = 1024 * 1024

const text = z.string().min(1).max(2_000)
const count = z.int().min(0)
const texts = z.record(text, text)
/** What troupe gives an agent is for nobody else. */
const variableName = z.string().regex(/^(?!TROUPE_)[A-Za-z_]\w*$/)

/** Codex goes on with defaults, without any hook, where a single value is not as it wants it: what is not known here is left. */
const settings = {
  model: text,
  review_model: text,
  model_reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']),
  model_reasoning_summary: z.enum(['auto', 'concise', 'detailed', 'none']),
  model_verbosity: z.enum(['low', 'medium', 'high']),
  model_context_window: count,
  model_auto_compact_token_limit: count,
  service_tier: text,
  openai_base_url: z.url(),
  chatgpt_base_url: z.url(),
  forced_login_method: z.enum(['chatgpt', 'api']),
  forced_chatgpt_workspace_id: text,
}

const provider = {
  name: text,
  base_url: z.url(),
  env_key: variableName,
  env_key_instructions: text,
  wire_api: z.literal('responses'),
  query_params: texts,
  env_http_headers: z.record(text, variableName),
  request_max_retries: count,
  stream_max_retries: count,
  stream_idle_timeout_ms: count,
  websocket_connect_timeout_ms: count,
  requires_openai_auth: z.boolean(),
  supports_websockets: z.boolean(),
  // The person's own program that prints a token, as their Codex runs it.
  auth: z.strictObject({ command: text, args: z.array(z.string()), timeout_ms: count, refresh_interval_ms: count, cwd: text }).partial({ args: true, timeout_ms: true, refresh_interval_ms: true, cwd: true }),
}
const secret = { experimental_bearer_token: text, http_headers: texts }

/** Codex brings these along, and refuses to have them defined anew. */
const builtIn = ['openai', 'ollama', 'lmstudio']
const reserved = new Set([...builtIn, 'amazon-bedrock', 'amazon-bedrock-runtime', 'troupe'])
/** How things look, and what every agent has of its own anyway: nobody misses them. */
const quiet = /^(projects|tui|notice|analytics|feedback|history|check_for_update_on_startup|disable_paste_burst|file_opener|hide_agent_reasoning|show_raw_agent_reasoning|personality|model_providers)$/

/** For whoever is to have nothing of it. */
export const nothing: Personal = { file: '', settings: {}, providers: {}, secrets: {}, provider: null, trusted: [], keyring: false, left: [], wrong: null }

/** Never throws: what cannot be read is told. */
export async function personal(home: string, env: Record<string, string>): Promise<Personal> {
  const file = join(personsHome(home, env), 'config.toml')
  const none = { ...nothing, file }
  try {
    return { ...none, ...taken(parse(await contentOf(file))) }
  } catch (error) {
    const isMissing = error instanceof Error && 'why' in error && error.why === 'missing'
    return isMissing ? none : { ...none, wrong: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

async function contentOf(path: string): Promise<string> {
  const { file, bytes } = await openRegular(path)
  try {
    if (bytes > longest) throw new Error(`it has ${bytes} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function taken(given: Record<string, unknown>): Omit<Personal, 'file' | 'wrong'> {
  const own = pick(given, settings)
  const found = providersIn(given['model_providers'])
  const name = given['model_provider']
  const chosen = typeof name === 'string' ? found.providers[name] : undefined
  const isKnown = typeof name === 'string' && (chosen !== undefined || builtIn.includes(name))
  const left = Object.keys(given).filter((key) => !Object.hasOwn(own, key) && !quiet.test(key) && !(key === 'model_provider' && isKnown))
  return {
    ...{ settings: { ...own, ...(isKnown ? { model_provider: name } : {}) }, providers: found.providers, secrets: found.secrets },
    provider: chosen === undefined ? local(name) : { name: String(name), key: typeof chosen['env_key'] === 'string' ? chosen['env_key'] : null, login: chosen['requires_openai_auth'] === true },
    trusted: foldersIn(given['projects']),
    keyring: given['cli_auth_credentials_store'] === 'keyring',
    left: [...left.map((key) => (key === 'mcp_servers' && isRecord(given[key]) ? `${key} (${Object.keys(given[key]).join(', ')})` : key)), ...found.left],
  }
}

/** Those on the person's own machine need no login. */
function local(name: unknown): Personal['provider'] {
  return name === 'ollama' || name === 'lmstudio' ? { name, key: null, login: false } : null
}

/** The fields that are there and as they should be. */
function pick(given: Record<string, unknown>, known: Record<string, z.ZodType>): Record<string, Toml> {
  return Object.fromEntries(
    Object.entries(known).flatMap(([key, type]) => {
      const read = Object.hasOwn(given, key) ? type.safeParse(given[key]) : null
      return read?.success === true ? [[key, read.data as Toml]] : []
    }),
  )
}

function providersIn(given: unknown): Pick<Personal, 'providers' | 'secrets' | 'left'> {
  const found: Pick<Personal, 'providers' | 'secrets' | 'left'> = { providers: {}, secrets: {}, left: [] }
  for (const [id, fields] of isRecord(given) ? Object.entries(given) : []) {
    const place = `model_providers.${id}`
    if (!/^[\w.-]{1,64}$/.test(id) || id === '__proto__' || reserved.has(id) || !isRecord(fields) || (fields['wire_api'] ?? 'responses') !== 'responses') {
      found.left.push(place)
      continue
    }
    const own = pick(fields, provider)
    const hidden = inVariables(pick(fields, secret), `TROUPE_CODEX_${Object.keys(found.providers).length + 1}`)
    Object.assign(found.secrets, hidden.secrets)
    const headers = { ...hidden.headers, ...(isRecord(own['env_http_headers']) ? own['env_http_headers'] : {}) }
    found.providers[id] = { name: id, ...hidden.key, ...own, ...(Object.keys(headers).length > 0 ? { env_http_headers: headers } : {}) }
    found.left.push(...Object.keys(fields).filter((key) => !Object.hasOwn(own, key) && !Object.hasOwn(secret, key)).map((key) => `${place}.${key}`))
  }
  return found
}

/** A token and headers as Codex takes them from the environment. */
function inVariables({ experimental_bearer_token: token, http_headers: headers }: Record<string, Toml>, prefix: string) {
  const all = isRecord(headers) ? Object.entries(headers).map(([name, value], at) => ({ name, value: String(value), variable: `${prefix}_HEADER_${at + 1}` })) : []
  const bearer = `${prefix}_TOKEN`
  return {
    key: typeof token === 'string' ? { env_key: bearer } : {},
    headers: Object.fromEntries(all.map(({ name, variable }) => [name, variable])),
    secrets: { ...(typeof token === 'string' ? { [bearer]: token } : {}), ...Object.fromEntries(all.map(({ variable, value }) => [variable, value])) },
  }
}

function foldersIn(projects: unknown): string[] {
  return isRecord(projects) ? Object.entries(projects).flatMap(([folder, about]) => (isRecord(about) && about['trust_level'] === 'trusted' ? [folder] : [])) : []
}

/** Whether the person trusts the folder, or one above it. */
export function trusts({ trusted }: Personal, cwd: string): boolean {
  return trusted.some((folder) => cwd === folder || cwd.startsWith(`${folder}/`))
}

/** For people: what agents have of it and what not. None where there is nothing to tell. */
export function told({ file, settings: own, providers, left, wrong }: Personal): string[] {
  if (wrong !== null) return [`${file} cannot be read, and nothing of it is taken over: ${printable(wrong).slice(0, 200)}`]
  // A URL may have a secret in it.
  const has = [...Object.entries(own).map(([key, value]) => (/^model(_provider)?$/.test(key) ? `${key} = ${String(value)}` : key)), ...Object.keys(providers).map((name) => `model_providers.${name}`)]
  if (has.length === 0 && left.length === 0) return []
  return [`of ${file} agents have ${listed(has)}${left.length === 0 ? '' : `; not ${listed(left)}`}`]
}

const most = 12

function listed(words: string[]): string {
  if (words.length === 0) return 'nothing'
  return [...words.slice(0, most).map(short), ...(words.length > most ? [`${words.length - most} more`] : [])].join(', ')
}

function short(word: string): string {
  return printable(word).replaceAll(/\s+/g, ' ').slice(0, 80)
}
