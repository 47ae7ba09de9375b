import { readFileSync, statSync } from 'node:fs'

/** Larger files are refused: a team is a few kilobytes. */
const largestFile = 1024 * 1024

/** Why a file could not be read as text, or the text. */
export function readText(file: string): { text: string } | { problem: string } {
  try {
    const found = statSync(file)
    if (!found.isFile()) return { problem: 'is not a regular file' }
    if (found.size > largestFile) return { problem: `has ${found.size} bytes; the limit is ${largestFile}` }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) }
  } catch (error) {
    if (error instanceof TypeError) return { problem: 'is not UTF-8 text' }
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'does not exist' }
    if (code === 'EACCES' || code === 'EPERM') return { problem: 'may not be read by you' }
    return { problem: `cannot be read (${code ?? String(error)})` }
  }
}
