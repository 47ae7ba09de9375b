import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { TroupeError } from '../core/error.ts'
import { writeAtomic } from '../util/atomic-write.ts'

export interface Lock {
  /** Idempotent. The kernel does the same when the process dies. */
  release(): void
}

/**
 * One daemon per root: an exclusive SQLite transaction on `file`, held until release or death. Who holds it is
 * written beside (`<file>.json`), for people only; the transaction alone decides. Throws `conflict` naming the holder.
 */
export function takeLock(file: string, holder: { pid: number; since: number }): Lock {
  const database = new DatabaseSync(file, { timeout: 0 })
  chmodSync(file, 0o600) // never opened a second time in this process: closing that would drop the kernel's lock
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!isBusy(cause)) throw new TroupeError('unavailable', `the lock ${file} cannot be taken: ${String(cause)}`, { hint: 'check owner and mode of its folder, and the room on its disk', cause })
    throw new TroupeError('conflict', `a daemon runs already for this team${describeHolder(file)}`, {
      hint: 'troupe daemon status',
      facts: { ...lockHolder(file) },
      cause,
    })
  }
  note(`${file}.json`, holder)
  let held = true
  return {
    release() {
      if (held) database.close()
      held = false
    },
  }
}

/** A full disk must not keep the daemon down for the sake of a note. */
function note(file: string, holder: { pid: number; since: number }): void {
  try {
    writeAtomic(file, `${JSON.stringify(holder)}\n`)
  } catch {
    rmSync(file, { force: true }) // names somebody else now
  }
}

export function lockHolder(file: string): { pid: number; since: number } | null {
  try {
    const found: unknown = JSON.parse(readFileSync(`${file}.json`, 'utf8'))
    if (typeof found !== 'object' || found === null || !('pid' in found) || !('since' in found)) return null
    return typeof found.pid === 'number' && typeof found.since === 'number' ? { pid: found.pid, since: found.since } : null
  } catch {
    return null // never written, or not yet: the note is for people, the lock does not depend on it
  }
}

function describeHolder(file: string): string {
  const holder = lockHolder(file)
  return holder === null ? '' : ` (process ${holder.pid}, since ${new Date(holder.since).toISOString()})`
}

/** SQLITE_BUSY is 5. */
function isBusy(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'errcode' in cause && cause.errcode === 5
}
