import { createHash } from 'node:crypto'
import type { Address } from '../../core/team.ts'

/**
 * Session name of an agent: `<prefix><project>-<agent>`. tmux itself turns `.` and `:` into `_`; whatever else it
 * or a shell could read as more than a letter becomes `_` too, so that the name may stand anywhere.
 */
export function sessionName(prefix: string, address: Address): string {
  const [project = '', ...agent] = address.split(':')
  return plain(`${prefix}${project}-${agent.join('_')}`)
}

/** Our own session on the server: what the control connection attaches to. One per team root. */
export function hiddenName(teamRoot: string): string {
  return `_troupe-${createHash('sha256').update(teamRoot).digest('hex').slice(0, 8)}`
}

function plain(name: string): string {
  return name.toWellFormed().replace(/[^\p{L}\p{N}_@+-]/gu, '_')
}

/** A value as it is kept in a tmux option and read back in a format: plain ones as they are, the rest percent-encoded. */
export function encodeValue(value: string): string {
  return value.toWellFormed().replace(/[^A-Za-z0-9._:/@+-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  )
}

/** The inverse. A value that somebody else wrote there comes back as it is. */
export function decodeValue(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
