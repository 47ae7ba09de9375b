import { readFileSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import type { Head } from './journal.ts'

/** The file is at most this far behind the database, ms. */
const saveAfter = 1_000

const contents = z.object({
  team: z.string(),
  /** Which database this is about: a path below the root, or the hash of an address. Files of earlier versions do not say. */
  database: z.string().optional(),
  heads: z.record(z.string(), z.object({ seq: z.int(), hash: z.string() })),
  flaw: z.object({ stream: z.string(), seq: z.int(), why: z.string() }).nullable(),
})
type Contents = z.infer<typeof contents>

export interface Known {
  heads: Map<string, Head>
  flaw: { stream: string; seq: number; why: string } | null
}

/**
 * What is known of the journal outside the database: where each stream ended. A database that was rewritten, or
 * replaced by an older copy, does not fit. What did not fit once is kept until a person removes the file.
 */
export interface Anchors {
  known(): Known
  /** A commit moved the head of a stream. */
  moved(stream: string, head: Head): void
  /** Writes what is pending. Throws if the file could not be written. */
  close(): Promise<void>
}

/** `at` finds the event of a stream by number: its hash, null if it is not there, `pruned` if it is before the checkpoint. */
export async function openAnchors(
  file: string,
  of: { team: string; database: string },
  clock: Clock,
  at: (stream: string, seq: number) => Promise<string | null | 'pruned'>,
): Promise<Anchors> {
  const { heads, flaw } = await compare(read(file, of.team), file, at)
  const state = { heads: new Map(Object.entries(heads)), flaw }
  let saving: Promise<void> = Promise.resolve()
  let failure: Error | null = null
  let cancel: (() => void) | null = null

  /** What stood in the file last, once it was written here. */
  let written: string | null = null

  const put = async (): Promise<void> => {
    const found = written === null ? null : readText(file)
    // Only another program puts anything else there. Without the file a person begins anew.
    if (found !== null && found !== written) state.flaw ??= { stream: '', seq: 0, why: `${file} was changed by another program while the daemon ran; remove it to begin anew` }
    const text = JSON.stringify({ ...of, heads: Object.fromEntries(state.heads), flaw: state.flaw } satisfies Contents)
    await replace(file, text)
    written = text
  }
  const save = (): Promise<void> => {
    cancel = null
    saving = saving.then(put).then(
      () => void (failure = null),
      (error: unknown) => void (failure = error as Error),
    )
    return saving
  }
  return {
    known() {
      const unwritten = failure && { stream: '', seq: 0, why: `the journal's head cannot be kept in ${file}: ${failure.message}` }
      return { heads: new Map(state.heads), flaw: state.flaw ?? unwritten }
    },
    moved(stream, head) {
      state.heads.set(stream, head)
      cancel ??= clock.after(saveAfter, () => void save())
    },
    async close() {
      const pending = cancel
      if (pending !== null) {
        pending()
        await save()
      }
      await saving
      if (failure !== null) throw failure
    },
  }
}

async function compare(
  found: Contents,
  file: string,
  at: (stream: string, seq: number) => Promise<string | null | 'pruned'>,
): Promise<Contents> {
  if (found.flaw !== null) return found
  for (const [stream, { seq, hash }] of Object.entries(found.heads)) {
    const there = seq === 0 ? hash : await at(stream, seq)
    if (there === hash || there === 'pruned') continue
    const why = `rewritten or rolled back: at the last start it went up to ${seq}. If you restored a copy, remove ${file}`
    return { ...found, flaw: { stream, seq, why } }
  }
  return found
}

/** How many journal lines the file remembers of this database; 0 where it remembers none. */
export function rememberedHeads(file: string, database: string): number {
  const parsed = contents.safeParse(json(readText(file) ?? ''))
  if (!parsed.success || (parsed.data.database ?? database) !== database) return 0
  return Object.values(parsed.data.heads).reduce((sum, head) => sum + head.seq, 0)
}

/** A file of another team (the database was made anew) says nothing about this one. */
function read(file: string, team: string): Contents {
  const none: Contents = { team, heads: {}, flaw: null }
  const text = readText(file)
  if (text === null) return none
  const parsed = contents.safeParse(json(text))
  if (!parsed.success)
    return { ...none, flaw: { stream: '', seq: 0, why: `${file} was changed by another program; remove it to begin anew` } }
  return parsed.data.team === team ? parsed.data : none
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not JSON: refused by the schema
  }
}

/** Like `writeAtomic`, but off the event loop: a slow disk must not hold up the daemon. */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => undefined) // never made, or renamed already
    throw error
  }
}
