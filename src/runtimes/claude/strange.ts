import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderFinding } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'

/** What the settings of a folder could lead Claude's traffic, and the keys in it, away with. */
const ways = [
  ...['ANTHROPIC_BASE_URL', 'ANTHROPIC_BEDROCK_BASE_URL', 'ANTHROPIC_BEDROCK_MANTLE_BASE_URL', 'ANTHROPIC_VERTEX_BASE_URL', 'ANTHROPIC_FOUNDRY_BASE_URL'],
  ...['ANTHROPIC_AWS_BASE_URL', 'ANTHROPIC_GOOGLE_CLOUD_BASE_URL', 'CLAUDE_CODE_API_BASE_URL', 'ANTHROPIC_UNIX_SOCKET', 'ANTHROPIC_CUSTOM_HEADERS'],
  ...['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY', 'CLAUDE_CODE_USE_MANTLE', 'CLAUDE_CODE_USE_GATEWAY'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'],
  ...['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS'],
]
/** Settings that name a program which Claude runs by itself. */
const programs = ['apiKeyHelper', 'awsAuthRefresh', 'awsCredentialExport', 'gcpAuthRefresh', 'otelHeadersHelper', 'statusLine', 'fileSuggestion']
/** Longer ones are no settings. Bytes. */
const longest = 1024 * 1024

/**
 * Variables for the settings that win over a folder's own: each as the person has it, in the settings of the
 * user (which win over the environment) or in the environment, and empty where not at all, which Claude takes for
 * unset. What may hold a secret is left out: the file is none.
 */
export async function pinned(userSettings: string, env: Record<string, string>): Promise<Record<string, string>> {
  const own = (await readJson(userSettings))?.['env']
  const values: Record<string, unknown> = { ...env, ...(isRecord(own) ? own : {}) }
  return Object.fromEntries(
    ways.flatMap((name) => {
      const value = values[name] ?? ''
      return typeof value !== 'string' || (value !== '' && (name === 'ANTHROPIC_CUSTOM_HEADERS' || value.includes('@'))) ? [] : [[name, value]]
    }),
  )
}

/** What a folder has for Claude that would run something, or lead it elsewhere. */
export async function lookInto(cwd: string): Promise<FolderFinding[]> {
  const found: FolderFinding[] = []
  for (const name of ['settings.json', 'settings.local.json']) {
    const file = join(cwd, '.claude', name)
    const settings = await readJson(file)
    if (settings !== null) found.push(...inSettings(settings).map((what) => ({ file, what })))
  }
  const file = join(cwd, '.mcp.json')
  const servers = (await readJson(file))?.['mcpServers']
  if (isRecord(servers) && Object.keys(servers).length > 0) found.push({ file, what: `names MCP servers (${list(Object.keys(servers))}), which are never started` })
  return found
}

function inSettings({ env, hooks, ...rest }: Record<string, unknown>): string[] {
  const led = isRecord(env) ? ways.filter((name) => Object.hasOwn(env, name)) : []
  const run = programs.filter((name) => rest[name] !== undefined)
  return [
    ...(led.length > 0 ? [`sets ${list(led)}, which never counts`] : []),
    ...(isRecord(hooks) && Object.keys(hooks).length > 0 ? [`has hooks (${list(Object.keys(hooks))}); ${once}`] : []),
    ...(run.length > 0 ? [`names programs to run (${list(run)}); ${once}`] : []),
  ]
}

const once = 'they run only if you told Claude Code yourself to trust the folder'

function list(names: string[]): string {
  return names.slice(0, 10).map((name) => name.slice(0, 60)).join(', ')
}

/** null for what is not there, not JSON, or no settings. */
async function readJson(file: string): Promise<Record<string, unknown> | null> {
  try {
    if ((await stat(file)).size > longest) return null
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return isRecord(value) ? value : null
  } catch {
    return null // Claude itself says what is wrong with it
  }
}
