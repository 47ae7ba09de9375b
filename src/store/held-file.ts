import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { TroupeError } from '../core/error.ts'

/** The file of an open database, which somebody may take away: what is written to it then is gone with the daemon. */
export interface Held {
  /** Throws `unavailable` where the name stands for another file now, or for none. What was in it is then kept as `<path>.rescued`. */
  check(): void
  /** Keeps what is in the file where its name is gone and that was not done yet. */
  rescue(): void
}

/** Between the failed transaction and the copy, ms. */
const soon = 20

export function held(path: string, db: DatabaseSync): Held {
  const wal = `${path}-wal`
  const own = { file: numberOf(path), wal: numberOf(wal) }
  const rescued = freeName(`${path}.rescued`)
  let saved = false

  /** The log of SQLite is made by the first write, and stays as long as we are there. */
  const isOurs = (): boolean => {
    own.wal ??= numberOf(wal)
    return numberOf(path) === own.file && (own.wal === null || numberOf(wal) === own.wal)
  }
  const rescue = (): void => {
    if (saved || isOurs()) return
    const part = `${rescued}.part`
    rmSync(part, { force: true })
    closeSync(openSync(part, 'wx', 0o600))
    db.prepare('vacuum into ?').run(part)
    renameSync(part, rescued)
    saved = true
  }
  /** Not inside the transaction that failed. What keeps it from working is met again by the next write, and at the end. */
  const rescueSoon = (): void => {
    setTimeout(() => {
      if (!db.isOpen || db.isTransaction) return
      try {
        rescue()
      } catch {
        // no room, perhaps: the next write is refused too, and tries again
      }
    }, soon).unref()
  }
  return {
    check() {
      if (!saved && isOurs()) return
      rescueSoon()
      throw new TroupeError('unavailable', `nothing was stored: ${path} or its -wal was removed or replaced while the daemon has it open`, {
        hint: `${existsSync(path) ? '' : 'where the team’s folder was moved, put it back, and troupe down before a move; else '}what was in it is kept as ${rescued}: troupe daemon stop; rm -f ${path}-wal ${path}-shm; mv ${rescued} ${path}; troupe daemon start. Agents go on meanwhile`,
        facts: { path, rescued },
      })
    },
    rescue,
  }
}

/** A copy that was rescued before is not written over. */
function freeName(wanted: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if (!existsSync(name)) return name
  }
}

/** Of the file behind the name: it changes with the file, not with its contents. */
function numberOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null
}
