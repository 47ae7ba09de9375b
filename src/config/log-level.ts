export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

const words: Record<string, LogLevel> = { trace: 'trace', debug: 'debug', info: 'info', warn: 'warn', warning: 'warn', error: 'error', off: 'silent', silent: 'silent' }

/**
 * What TROUPE_LOG asks for, else teamctl's TEAMCTL_LOG, else `info`. Of a filter such as `info,mailbox=debug` only the
 * level without a name counts: troupe has no parts with levels of their own.
 */
export function logLevel(env: Record<string, string | undefined>): LogLevel {
  const said = env.TROUPE_LOG || env.TEAMCTL_LOG || ''
  const level = said.split(',').map((word) => words[word.trim().toLowerCase()])
  return level.find((word) => word !== undefined) ?? 'info'
}
