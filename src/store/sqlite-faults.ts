import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { diskFault, forbiddenFile, fullDisk, readOnlyDisk } from '../core/disk.ts'
import { TroupeError } from '../core/error.ts'
import type { Fault } from './engine.ts'
import { unsynced } from './wal.ts'

/** How long another program may hold the file's lock before a write fails, ms. */
export const busyTimeout = 5_000

/** Primary result codes, https://sqlite.org/rescode.html */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

const ofTheBatch: ReadonlySet<number> = new Set(Object.values(codes).filter((code) => code !== codes.cannotOpen))

export function fault(error: unknown): Fault {
  const code = codeOf(error)
  return code !== undefined && ofTheBatch.has(code) ? 'batch' : 'work'
}

export function explained(error: unknown, path: string): unknown {
  if (isSync(error)) return unsynced(path, error)
  if (error instanceof TroupeError) return error
  const code = codeOf(error)
  if (code === undefined) return diskFault(error) ?? (isForbidden(error) ? forbiddenFile(path, error) : error)
  const more = (hint: string) => ({ hint, cause: error, facts: { path, sqlite: code } })
  const failure = (what: string, hint: string) => new TroupeError('unavailable', what, more(hint))
  switch (code) {
    case codes.full:
      return fullDisk(path, error)
    case codes.ioError:
      return unwritable(path, error) ?? failure(`nothing was stored: the disk of ${path} failed (${text(error)})`, 'check the disk')
    case codes.busy:
    case codes.locked:
      return failure(`another program has held ${path} locked for ${busyTimeout / 1000} s`, `end whatever has ${path} open`)
    case codes.readOnly:
    case codes.cannotOpen:
      return unwritable(path, error) ?? failure(`${path} cannot be opened for writing (${text(error)})`, 'check its owner and mode')
    case codes.corrupt:
    case codes.notADatabase:
      return new TroupeError('config', `${path} is not a sound SQLite database (${text(error)})`, more(setAside(path)))
    default:
      return error
  }
}

/** What to do with a file that cannot be used: nothing here destroys it. */
export function setAside(path: string): string {
  return `keep it: mv ${path} ${path}.damaged; rm -f ${path}-wal ${path}-shm. Then put a copy back at ${path} (${path}.before-… are some), or name another file in broker.path; then troupe daemon start`
}

/** An error of the disk can come from its having become read-only under us, or the files immutable; null where neither is so. */
function unwritable(path: string, cause: unknown): TroupeError | null {
  for (const place of [path, `${path}-wal`, dirname(path)]) {
    try {
      accessSync(place, constants.W_OK)
    } catch (error) {
      if (hasCode(error, 'EROFS')) return readOnlyDisk(path, cause)
      if (isForbidden(error)) return forbiddenFile(place, cause)
    }
  }
  return null
}

function isForbidden(error: unknown): boolean {
  return hasCode(error, 'EPERM') || hasCode(error, 'EACCES')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function isSync(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'fdatasync'
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
