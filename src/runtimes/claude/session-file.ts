import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../json.ts'

/** `sessions/<pid>.json`: what Claude says of itself. Fields that a version does not have are null. */
export interface SessionFile {
  sessionId: string
  startedAt: number
  status: 'idle' | 'busy' | 'waiting' | null
  waitingFor: string | null
  statusUpdatedAt: number | null
  messagingSocketPath: string | null
}

/** null for anything that is not such a file, such as half of one: Claude rewrites it in place. */
export function parseSessionFile(text: string): SessionFile | null {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return null // read in the middle of a write: the next look succeeds
  }
  if (!isRecord(found) || typeof found['sessionId'] !== 'string') return null
  const { status, statusUpdatedAt, startedAt } = found
  return {
    sessionId: found['sessionId'],
    startedAt: typeof startedAt === 'number' ? startedAt : 0,
    status: status === 'idle' || status === 'busy' || status === 'waiting' ? status : null,
    waitingFor: textOrNull(found['waitingFor']),
    statusUpdatedAt: typeof statusUpdatedAt === 'number' ? statusUpdatedAt : null,
    messagingSocketPath: textOrNull(found['messagingSocketPath']),
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export interface Own {
  /** The folder `sessions`. */
  folder: string
  pid: number
  /** ms; a file of before is what a killed process with the same pid left. */
  startedAt: number
}

/** How much earlier than our own note of the start Claude may say it started. ms */
const clockSlack = 5_000
const readTries = 5

export async function readSessionFile({ folder, pid, startedAt }: Own): Promise<SessionFile | null> {
  const file = join(folder, `${pid}.json`)
  for (let attempt = 0; attempt < readTries; attempt++) {
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) return null
    const found = parseSessionFile(text)
    if (found !== null) return found.startedAt >= startedAt - clockSlack ? found : null
  }
  return null
}

/**
 * The token that peers show to the messaging socket, or null: `<pid>.<hash>.key`, readable by this user only. One that was killed leaves
 * its key, and its pid is given again: the newest is the one that counts, and another is refused without a word.
 */
export async function readPeerToken(folder: string, pid: number): Promise<string | null> {
  const names = (await readdir(folder).catch(() => [])).filter((each) => each.startsWith(`${pid}.`) && each.endsWith('.key'))
  const files = await Promise.all(names.map(async (name) => ({ file: join(folder, name), at: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })))
  const [newest] = files.toSorted((a, b) => b.at - a.at)
  if (newest === undefined) return null
  try {
    const key: unknown = JSON.parse(await readFile(newest.file, 'utf8'))
    return isRecord(key) ? textOrNull(key['peerToken']) : null
  } catch {
    return null // replaced while it was read: the caller tries the next rung
  }
}
