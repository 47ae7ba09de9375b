import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomic } from '../../util/atomic-write.ts'
import { isRecord } from '../json.ts'

/** What this runtime keeps in the agent's folder, below `claude/`. */
export interface ClaudeFiles {
  folder: string
  settings: string
  mcp: string
  briefing: string
  /** A plugin of the agent's own: its skills and subagents. */
  plugin: string
  /** Where `bin/hook` leaves what command hooks say. */
  spool: string
  /** CLAUDE_CONFIG_DIR in rehearsal, so that nothing of the person's own is touched. */
  rehearsalHome: string
  launched: string
}

export function claudeFiles(agentFolder: string): ClaudeFiles {
  const folder = join(agentFolder, 'claude')
  return {
    folder,
    settings: join(folder, 'settings.json'),
    mcp: join(folder, 'mcp.json'),
    briefing: join(folder, 'briefing.md'),
    plugin: join(folder, 'plugin'),
    spool: join(folder, 'spool'),
    rehearsalHome: join(folder, 'home'),
    launched: join(folder, 'launched.json'),
  }
}

/** What a later `open` must know of the launch, also one by another daemon. */
export interface Launched {
  /** CLAUDE_CONFIG_DIR of the process; null for the default place. */
  configDir: string | null
  /** The conversation it was told to use. */
  session: string
  /** How long its hook waits for a verdict, ms. 0 in what earlier releases wrote: they had no such hook. */
  holdMs: number
}

/** Empties the spool: what an earlier incarnation left there says nothing of this one. */
export function makeFolders(files: ClaudeFiles): void {
  mkdirSync(files.spool, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(files.spool)) rmSync(join(files.spool, name), { force: true })
}

export function writeJson(file: string, content: unknown): void {
  writeAtomic(file, `${JSON.stringify(content, null, 2)}\n`)
}

/** null where no launch was written down, or not by a version that can be read. */
export function readLaunched(files: ClaudeFiles): Launched | null {
  try {
    const found: unknown = JSON.parse(readFileSync(files.launched, 'utf8'))
    if (!isRecord(found) || typeof found['session'] !== 'string') return null
    const { configDir, holdMs } = found
    return { session: found['session'], configDir: typeof configDir === 'string' ? configDir : null, holdMs: typeof holdMs === 'number' ? holdMs : 0 }
  } catch {
    return null // an incarnation of before this file: the session falls back to what the store knows
  }
}
