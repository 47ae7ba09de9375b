import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeAtomic } from '../util/atomic-write.ts'

export interface OperatorToken {
  token: string
  matches(candidate: string): boolean
}

/** The operator's token for HTTP, made once per root and kept in `file` (0600), so that it outlives the daemon. */
export function operatorToken(file: string): OperatorToken {
  const token = readToken(file) ?? makeToken(file)
  const wanted = digest(token)
  return { token, matches: (candidate) => timingSafeEqual(digest(candidate), wanted) }
}

function makeToken(file: string): string {
  const token = `tro_${randomBytes(32).toString('base64url')}`
  writeAtomic(file, `${token}\n`)
  return token
}

function readToken(file: string): string | null {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return /^tro_[\w-]{43}$/.test(token) ? token : null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Equal lengths for the comparison in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
