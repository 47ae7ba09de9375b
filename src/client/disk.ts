import { accessSync, constants, statfsSync } from 'node:fs'
import { diskFault, forbidden, fullDisk } from '../core/disk.ts'
import type { TroupeError } from '../core/error.ts'

/** A daemon with less than this can say nothing in its log. Bytes. */
const least = 64 * 1024

/** What keeps anybody from writing to this folder, seen from outside; null if nothing does. */
export function diskTrouble(folder: string): TroupeError | null {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < least ? fullDisk(folder) : null
  } catch (error) {
    return diskFault(error) ?? forbidden(error)
  }
}
