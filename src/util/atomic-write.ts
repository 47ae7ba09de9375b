import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'

export interface Replace {
  /** 0600 if left out. */
  mode?: number
  /** Asked when the new content is on the disk; false leaves the old one. */
  goOn?: () => boolean
}

/**
 * Replaces a file whole: a reader, or a start after kill -9, sees the old content or the new, never a part.
 * The folder must exist; it is synced too, so that the name survives a power cut. False where `goOn` said no.
 */
export function writeAtomic(file: string, content: string | Uint8Array, { mode = 0o600, goOn = () => true }: Replace = {}): boolean {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      if (mode !== 0o600) fchmodSync(fd, mode)
      const bytes = Buffer.from(content)
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    if (!goOn()) {
      removeIfThere(temporary)
      return false
    }
    renameSync(temporary, file)
  } catch (error) {
    removeIfThere(temporary)
    throw error
  }
  syncFolder(dirname(file))
  return true
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // never made, or renamed already: the first error is the one that counts
  }
}

/** Makes the names in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
