import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderFinding } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'

/** Longer ones are no settings. Bytes. */
const longest = 1024 * 1024
/** Parts of `.opencode` that OpenCode would run, or tell its model, by themselves. */
const parts = new Set(['plugin', 'plugins', 'tool', 'tools', 'agent', 'agents', 'command', 'commands', 'mode', 'modes', 'skill', 'skills'])

/** What a folder has for OpenCode. None of it counts for an agent: OpenCode is told to pass over the settings of projects. */
export async function lookInto(cwd: string): Promise<FolderFinding[]> {
  const files = ['opencode.json', 'opencode.jsonc'].flatMap((name) => [join(cwd, name), join(cwd, '.opencode', name)])
  const found = await Promise.all(files.map(inSettings))
  const folder = join(cwd, '.opencode')
  const names = (await readdir(folder).catch(() => [])).filter((name) => parts.has(name))
  return [...found.flat(), ...(names.length === 0 ? [] : [{ file: folder, what: `has parts for OpenCode (${names.join(', ')}), which never count` }])]
}

async function inSettings(file: string): Promise<FolderFinding[]> {
  const text = await textOf(file)
  if (text === null) return []
  const keys = keysOf(text)
  return [{ file, what: `is a configuration of OpenCode${keys === '' ? '' : ` (${keys})`}, which never counts` }]
}

/** Empty for what is not plain JSON: it counts as little as what is. */
function keysOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? Object.keys(value).filter((key) => key !== '$schema').slice(0, 10).map((key) => key.slice(0, 60)).join(', ') : ''
  } catch {
    return ''
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return (await stat(file)).size > longest ? '' : await readFile(file, 'utf8')
  } catch {
    return null // not there, or nothing that OpenCode could read either
  }
}
