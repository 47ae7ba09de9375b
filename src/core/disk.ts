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
