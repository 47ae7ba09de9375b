import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomic } from '../../util/atomic-write.ts'
import { isRecord } from '../json.ts'

/** What this runtime keeps in the agent's folder, below `gemini/`. */
export interface GeminiFiles {
  folder: string
  /** GEMINI_CLI_HOME: the CLI keeps all of its state in `.gemini` below it. One for each agent, so that none disturbs another. */
  home: string
  settings: string
  /** The briefing, as a context file of the home. */
  briefing: string
  policy: string
  /** Conversations, below a folder for each working folder. */
  tmp: string
  /** Where `bin/hook` leaves what could not be said to the daemon. */
  spool: string
  launched: string
  /** There while something that was pasted may stand in the input box. */
  pasting: string
}

/** Beside GEMINI.md; no project has a file of this name. */
export const briefingName = 'troupe-briefing.md'

export function geminiFiles(agentFolder: string): GeminiFiles {
  const folder = join(agentFolder, 'gemini')
  const own = join(folder, 'home', '.gemini')
  return {
    folder,
    home: join(folder, 'home'),
    settings: join(own, 'settings.json'),
    briefing: join(own, briefingName),
    policy: join(folder, 'policy.toml'),
    tmp: join(own, 'tmp'),
    spool: join(folder, 'spool'),
    launched: join(folder, 'launched.json'),
    pasting: join(folder, 'pasting'),
  }
}

/** What a later `open` must know of the launch, also one by another daemon. */
export interface Launched {
  session: string
  /** How long its hook waits for a verdict, ms. */
  holdMs: number
}

/** Empties the spool, and forgets what was pasted: what an earlier incarnation left there says nothing of this one. */
export function makeFolders(files: GeminiFiles): void {
  for (const folder of [files.spool, files.tmp]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(files.spool)) rmSync(join(files.spool, name), { force: true })
  rmSync(files.pasting, { force: true })
}

export function writeJson(file: string, content: unknown): void {
  writeAtomic(file, `${JSON.stringify(content, null, 2)}\n`)
}

/** null where no launch was written down, or not so that it can be read. */
export function readLaunched(files: GeminiFiles): Launched | null {
  try {
    const found: unknown = JSON.parse(readFileSync(files.launched, 'utf8'))
    if (!isRecord(found) || typeof found['session'] !== 'string') return null
    return { session: found['session'], holdMs: typeof found['holdMs'] === 'number' ? found['holdMs'] : 0 }
  } catch {
    return null // of an incarnation that was never launched: the session falls back to what the store knows
  }
}
