import { TroupeError } from '../core/error.ts'
import { schemaName } from './engine.ts'
import type { Fault } from './engine.ts'

/** SQLSTATE classes, https://www.postgresql.org/docs/15/errcodes-appendix.html */
const retryable = new Set(['40001', '40P01'])
/** 57P01–57P05 the server goes or comes, its database or our time with it is over, 25P03 the transaction idled too long: the connection is closed with it. */
const closing = new Set(['57P01', '57P02', '57P03', '57P04', '57P05', '25P03'])
/** A standby, such as what was the primary until another one took over: the address may lead to that one by now. */
const readOnly = '25006'
const socketErrors = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
/** pg gives no code for these. */
const lostMessages = new RegExp(
  '^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|Query read timeout' +
    '|Postgres connection has been discarded)',
)
/** Nor for this: all connections are at work, and none of them was free in time. */
const crowded = /^timeout exceeded when trying to connect/

export function fault(error: unknown): Fault {
  if (error instanceof TroupeError) return 'work'
  const code = codeOf(error)
  if (retryable.has(code)) return 'retry'
  if (code.startsWith('08') || closing.has(code) || code === readOnly || socketErrors.has(code)) return 'lost'
  if (code === '' && error instanceof Error && lostMessages.test(error.message)) return 'lost'
  if (code === '' && error instanceof Error && crowded.test(error.message)) return 'retry'
  return code.startsWith('53') || code.startsWith('58') || code === '55P03' ? 'batch' : 'work'
}

export function takesNoChanges(error: unknown): boolean {
  return codeOf(error) === readOnly
}

export function explained(error: unknown, where: string): unknown {
  const kind = fault(error)
  const code = codeOf(error)
  const reason = error instanceof Error ? error.message : String(error)
  const more = (hint: string) => ({ hint, cause: error, facts: { where, sqlstate: code } })
  if (code === readOnly)
    return new TroupeError(
      'unavailable',
      `nothing was stored: ${where} takes no changes (${reason})`,
      more('it is a standby or was made read-only: have the address lead to the primary'),
    )
  if (kind === 'lost')
    return new TroupeError(
      'unavailable',
      `${where} cannot be reached: ${reason || code}`,
      more('start the database, or check its address'),
    )
  if (kind === 'retry')
    return new TroupeError(
      'unavailable',
      `${where} is too busy: other transactions kept getting in the way (${reason})`,
      more('try again'),
    )
  if (kind === 'batch')
    return new TroupeError(
      'unavailable',
      `nothing was stored: ${where} failed (${reason})`,
      more("look at the database server's log"),
    )
  if (code.startsWith('28') || code === '3D000')
    return new TroupeError('config', `${where} refused: ${reason}`, more('check user, password and database name'))
  if (code === '42501')
    return new TroupeError(
      'config',
      `${where} refused: ${reason}`,
      more(`the user must be allowed to create the schema ${schemaName}`),
    )
  return error
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
