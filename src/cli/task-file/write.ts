import { statSync } from 'node:fs'
import { TroupeError } from '../../core/error.ts'
import { writeBack, type Mark } from '../../core/task-file/write-back.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { contentOf, textOf, type OpenFile } from './read.ts'

/** How often somebody else may write it meanwhile. */
const mostTries = 20

export interface Outcome {
  changed: Mark[]
  /** Tasks that the file has no more. */
  missing: Mark[]
}

/**
 * Puts ticks and arrows into the file as it is now, and replaces it whole, with the mode it has; a link to it stays. Where somebody
 * writes it at the same time, it is read anew: nobody's words are lost.
 */
export async function writeTaskFile({ real }: OpenFile, marks: readonly Mark[]): Promise<Outcome> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { bytes } = await contentOf(real)
    const { text, changed, missing } = writeBack(textOf(bytes, real), marks)
    if (changed.length === 0) return { changed, missing }
    const before = statSync(real)
    const goOn = (): boolean => {
      const now = statSync(real, { throwIfNoEntry: false })
      return now !== undefined && now.ino === before.ino && now.mtimeMs === before.mtimeMs && now.size === bytes.length
    }
    if (replace(real, text, before.mode, goOn)) return { changed, missing }
  }
  throw new TroupeError('conflict', `${real} is written again and again by something else`, { hint: 'troupe sync FILE when it is quiet' })
}

function replace(real: string, text: string, mode: number, goOn: () => boolean): boolean {
  try {
    return writeAtomic(real, text, { mode: mode & 0o7777, goOn })
  } catch (cause) {
    throw new TroupeError('failed', `${real} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { hint: 'the tasks go on all the same; troupe sync FILE writes it later', cause })
  }
}
