import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Claude Code keeps its state. `CLAUDE_CONFIG_DIR` moves all of it, `.claude.json` included. */
export interface ClaudeHome {
  /** `~/.claude` */
  folder: string
  /** `~/.claude.json`, or inside the folder where CLAUDE_CONFIG_DIR is set. */
  stateFile: string
  /** `<pid>.json` and `<pid>.<hash>.key` of running sessions. */
  sessions: string
  /** A folder for each working directory, with `<session id>.jsonl`. */
  projects: string
  /** Value for CLAUDE_CONFIG_DIR; null where the default place is used. */
  configDir: string | null
}

export function claudeHome(home: string, configDir: string | null): ClaudeHome {
  const folder = configDir ?? join(home, '.claude')
  return {
    folder,
    stateFile: configDir === null ? join(home, '.claude.json') : join(configDir, '.claude.json'),
    sessions: join(folder, 'sessions'),
    projects: join(folder, 'projects'),
    configDir,
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isSessionId(text: string): boolean {
  return uuid.test(text)
}

/**
 * The file that holds a conversation, or null: it is written with the first prompt, not at start.
 * Found by name in every project folder, so that Claude's way of naming those folders need not be known.
 */
export async function findTranscript(home: ClaudeHome, session: string): Promise<string | null> {
  if (!isSessionId(session)) return null
  const folders = await readdir(home.projects).catch(() => [])
  for (const folder of folders) {
    const file = join(home.projects, folder, `${session}.jsonl`)
    if (await isFile(file)) return file
  }
  return null
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
