import { TroupeError } from './error.ts'

const full = new Set(['ENOSPC', 'EDQUOT'])

/** What an error of the file system means to a person, where it is the disk's and not ours; null for any other. */
export function diskFault(error: unknown): TroupeError | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  const where = 'path' in error && typeof error.path === 'string' ? error.path : 'the team’s root'
  if (full.has(error.code)) return fullDisk(where, error)
  if (error.code === 'EROFS') return readOnlyDisk(where, error)
  return error.code === 'EIO' ? new TroupeError('unavailable', `the disk of ${where} failed`, { hint: 'check the disk', cause: error }) : null
}

const opening = new Set(['open', 'scandir', 'stat', 'lstat', 'readlink', 'opendir'])

/** What may not be touched by this user; null for any other error. */
export function forbidden(error: unknown): TroupeError | null {
  if (!isSystem(error) || (error.code !== 'EACCES' && error.code !== 'EPERM')) return null
  const { path, syscall } = error
  return new TroupeError('failed', `${path ?? 'a file'} may not be ${opening.has(syscall) ? 'opened' : 'written'} by you (${syscall}: permission denied)`, {
    hint: 'ls -ld of it and of its folder shows whose it is: work as that user, or make it yours',
    cause: error,
    facts: { path: path ?? null },
  })
}

/** What the system refused, whatever it was: it is told in words, and is no defect of ours. Null for any other error. */
export function systemFault(error: unknown): TroupeError | null {
  const known = diskFault(error) ?? forbidden(error)
  if (known !== null || !isSystem(error)) return known
  return new TroupeError('failed', error.message, { hint: 'see what stands there, and whether it is what was meant; troupe doctor looks at the rest', cause: error, facts: { path: error.path ?? null } })
}

function isSystem(error: unknown): error is Error & { code: string; syscall: string; path?: string } {
  return error instanceof Error && 'syscall' in error && typeof error.syscall === 'string' && 'code' in error && typeof error.code === 'string'
}

export function fullDisk(where: string, cause?: unknown): TroupeError {
  return new TroupeError('unavailable', `nothing was stored: the disk of ${where} is full`, { hint: 'free some space; nothing needs a restart', cause, facts: { where } })
}

/** A file that is another user's, without its mode, or immutable: root is refused only the last. */
export function forbiddenFile(where: string, cause?: unknown): TroupeError {
  return new TroupeError('unavailable', `nothing was stored: ${where} may not be written`, {
    hint: 'check its owner and mode, and those of its folder; lsattr shows whether it is immutable (chattr -i); nothing needs a restart',
    cause,
    facts: { where },
  })
}

export function readOnlyDisk(where: string, cause?: unknown): TroupeError {
  return new TroupeError('unavailable', `nothing was stored: ${where} is on a file system that is read-only`, {
    hint: 'make it writable (mount -o remount,rw; dmesg says why it is not); nothing needs a restart',
    cause,
    facts: { where },
  })
}
