import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

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
  return homeAt(join(home, '.troupe', 'codex', key))
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
