import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Home } from '../../core/retention.ts'
import { writeAtomic } from '../../util/atomic-write.ts'

/** The CODEX_HOME of one agent, kept over its incarnations: its conversations are in it. */
export interface CodexHome {
  /** `~/.troupe/codex/<8 hex>` */
  folder: string
  config: string
  /** Where its app-server listens. Codex makes it a link into a folder of its own. */
  socket: string
  /** A link to the login of the person. */
  auth: string
  /** `<year>/<month>/<day>/rollout-<time>-<conversation>.jsonl` */
  sessions: string
}

/** A rehearsal has a home of its own: what a scripted model said is no conversation to go on with. */
export function homeOf(home: string, of: { root: string; address: string; rehearsal: boolean }): CodexHome {
  const key = createHash('sha256').update([of.root, of.address, of.rehearsal ? 'rehearsal' : ''].join('\0')).digest('hex').slice(0, 8)
  return homeAt(join(homesFolder(home), key))
}

function homesFolder(home: string): string {
  return join(home, '.troupe', 'codex')
}

const mark = 'troupe.json'
const owner = z.object({ root: z.string(), address: z.string() })

/** Says whose it is: by its name nobody could tell. At each launch. */
export function markHome({ folder }: CodexHome, { root, address }: z.infer<typeof owner>): void {
  writeAtomic(join(folder, mark), `${JSON.stringify({ root, address }, null, 2)}\n`)
}

/** Those of one root's agents. What is no such home, or does not say whose, is nobody's to remove. */
export async function homesOf(home: string, root: string): Promise<Home[]> {
  const names = await readdir(homesFolder(home)).catch(() => [])
  const found = await Promise.all(names.filter((name) => /^[0-9a-f]{8}$/.test(name)).map(async (name) => await homeIn(join(homesFolder(home), name), root)))
  return found.flatMap((each) => each ?? [])
}

async function homeIn(folder: string, root: string): Promise<Home | null> {
  try {
    if (!(await lstat(folder)).isDirectory()) return null
    const of = owner.parse(JSON.parse(await readFile(join(folder, mark), 'utf8')))
    if (of.root !== root) return null
    const entries = await readdir(folder)
    const times = await Promise.all(entries.map(async (name) => (await lstat(join(folder, name))).mtimeMs))
    return { address: of.address, usedAt: Math.max(...times), remove: async () => await removeHome(folder, entries) }
  } catch {
    return null // not one of ours, or not as it should be
  }
}

/** The mark goes last: what is left of a removal that was cut short is found again. Its login is a link, and stays. */
async function removeHome(folder: string, entries: readonly string[]): Promise<void> {
  for (const name of entries) if (name !== mark) await rm(join(folder, name), { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
}

export function homeAt(folder: string): CodexHome {
  return { folder, config: join(folder, 'config.toml'), socket: join(folder, 's.sock'), auth: join(folder, 'auth.json'), sessions: join(folder, 'sessions') }
}

/** The person's own, where their login is. */
export function personsHome(home: string, env: Record<string, string>): string {
  const named = env['CODEX_HOME'] ?? ''
  return named === '' ? join(home, '.codex') : named
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The file that holds a conversation, or null: it is written with the first prompt. */
export async function findRollout({ sessions }: Pick<CodexHome, 'sessions'>, session: string): Promise<string | null> {
  if (!uuid.test(session)) return null
  const names = await readdir(sessions, { recursive: true }).catch(() => [])
  const found = names.find((name) => name.endsWith(`-${session}.jsonl`))
  return found === undefined ? null : join(sessions, found)
}
