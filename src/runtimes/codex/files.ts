import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeAtomic } from '../../util/atomic-write.ts'

/** What this runtime keeps in the agent's folder, below `codex/`. */
export interface CodexFiles {
  folder: string
  /** What its app-server says on stderr. */
  log: string
  launched: string
}

export function codexFiles(agentFolder: string): CodexFiles {
  const folder = join(agentFolder, 'codex')
  return { folder, log: join(folder, 'app-server.log'), launched: join(folder, 'launched.json') }
}

/** What a later `open` must know of the launch, also one by another daemon. */
const launched = z.object({
  home: z.string(),
  /** The conversation it was told to resume. */
  session: z.string().nullable(),
  /** How long its hook waits for a verdict, ms. */
  holdMs: z.number(),
})
export type Launched = z.infer<typeof launched>

export function writeLaunched(files: CodexFiles, what: Launched): void {
  mkdirSync(files.folder, { recursive: true, mode: 0o700 })
  writeAtomic(files.launched, `${JSON.stringify(what, null, 2)}\n`)
}

/** null where no launch was written down, or not by a version that can be read. */
export function readLaunched(files: CodexFiles): Launched | null {
  try {
    return launched.parse(JSON.parse(readFileSync(files.launched, 'utf8')))
  } catch {
    return null // the session says that it cannot be watched
  }
}
