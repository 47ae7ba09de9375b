import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderFinding } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { withoutComments } from './home.ts'

/** Longer ones are no settings. Bytes. */
const longest = 1024 * 1024
/** Settings that run something, or lead the CLI or its words elsewhere. */
const ways = ['hooks', 'hooksConfig', 'mcpServers', 'mcp', 'tools', 'telemetry', 'security', 'advanced', 'admin', 'policyPaths', 'experimental', 'extensions'] as const
const variables = /^\s*(?:export\s+)?((?:GEMINI|GOOGLE|CODE_ASSIST|HTTPS?_PROXY|NODE|SANDBOX|BUILD_SANDBOX)[A-Z_]*)\s*=/gim

/** What a folder has for the CLI that would run something, or lead it elsewhere. None of it counts: agents run without the settings of folders. */
export async function lookInto(cwd: string): Promise<FolderFinding[]> {
  const found: FolderFinding[] = []
  const settings = join(cwd, '.gemini', 'settings.json')
  const names = await settingNames(settings)
  if (names.length > 0) found.push({ file: settings, what: `sets ${names.join(', ')}, which never counts` })
  for (const file of [join(cwd, '.gemini', '.env'), join(cwd, '.env')]) {
    const set = [...(await read(file)).matchAll(variables)].map((match) => match[1]!)
    if (set.length > 0) found.push({ file, what: `sets ${[...new Set(set)].slice(0, 10).join(', ')}, which never counts` })
  }
  return found
}

async function settingNames(file: string): Promise<string[]> {
  try {
    const value: unknown = JSON.parse(withoutComments(await read(file)))
    return isRecord(value) ? ways.filter((name) => value[name] !== undefined) : []
  } catch {
    return [] // not there, or no settings: nothing reads it
  }
}

async function read(file: string): Promise<string> {
  try {
    return (await stat(file)).size > longest ? '' : await readFile(file, 'utf8')
  } catch {
    return '' // not there, or not ours to read
  }
}
