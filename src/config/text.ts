import { contentOf, NotOpened } from '../util/open-regular.ts'

/** Larger files are refused: a team is a few kilobytes. */
const largestFile = 1024 * 1024

/** Why a file could not be read as text, or the text. */
export function readText(file: string): { text: string } | { problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(contentOf(file, largestFile)) }
  } catch (error) {
    if (error instanceof NotOpened) return { problem: 'is not a regular file' }
    if (error instanceof RangeError) return { problem: `has ${error.message} bytes; the limit is ${largestFile}` }
    if (error instanceof TypeError) return { problem: 'is not UTF-8 text' }
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'does not exist' }
    // A socket, a device that is not there.
    if (code === 'ENXIO' || code === 'ENODEV') return { problem: 'is not a regular file' }
    if (code === 'EACCES' || code === 'EPERM') return { problem: 'may not be read by you' }
    return { problem: `cannot be read (${code ?? String(error)})` }
  }
}
