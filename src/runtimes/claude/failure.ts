import type { FailureClass } from '../../core/restart.ts'

export type TurnFailure = { class: FailureClass; why: string; until: number | null; fix?: string }

const auth = new Set(['authentication_failed', 'oauth_org_not_allowed', 'account_on_hold', 'verification_required', 'cloud_credential_error'])

/** The provider's trouble, not the request's. Claude has asked again for minutes by then. */
const transient = new Set(['rate_limit', 'overloaded', 'server_error'])

const fixes = {
  auth: 'run `claude` by yourself and /login, or mend the key in the environment and run troupe up',
  billing: 'add funds at the provider',
  model: 'correct `model` in the project file, then restart it',
  context: 'its conversation is full: type /compact in its terminal (troupe attach NAME --rw), or troupe restart NAME --fresh',
  allowance: 'raise the limit at the provider (/usage-credits in its terminal), or wait until it is reset',
}

/**
 * What a StopFailure means for the agent; null where nothing is known to help. `error` is Claude's word for it,
 * `text` what it shows. A plain 429 is a busy server; only a used-up allowance has a time when it is over.
 */
export function classify(error: string, text: string, now: number): TurnFailure | null {
  if (auth.has(error)) return { class: 'auth', why: text, until: null, fix: fixes.auth }
  if (error === 'billing_error') return { class: 'quota', why: text, until: null, fix: fixes.billing }
  if (error === 'model_not_found') return { class: 'config', why: text, until: null, fix: fixes.model }
  if (error === 'invalid_request' && /^prompt is too long/i.test(text)) return { class: 'config', why: text, until: null, fix: fixes.context }
  if (error === 'rate_limit' && isAllowance(text)) return allowance(text, resetTime(text, now))
  if (transient.has(error)) return { class: 'transient', why: text, until: null }
  return null
}

/** Without a time, a person has to do something. */
function allowance(why: string, until: number | null): TurnFailure {
  return { class: 'quota', why, until, ...(until === null ? { fix: fixes.allowance } : {}) }
}

function isAllowance(text: string): boolean {
  return /\b(hit|reached) your\b.*\blimit\b|\b(usage|session|weekly|spend) limit\b|out of usage credits/i.test(text)
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * `… · resets 3:45pm`, `… resets Oct 9, 5pm (Europe/Berlin)`: the next such time in this machine's zone, which is
 * the one Claude writes. null where it says nothing of the kind.
 */
export function resetTime(text: string, now: number): number | null {
  const found = /resets (?:([A-Z][a-z]{2}) (\d{1,2})(?:,| at)? )?(?:at )?(\d{1,2})(?::(\d{2}))? ?([ap]m)/i.exec(text)
  if (found === null) return null
  const [, month, day, hour, minute, half] = found
  const time = new Date(now)
  if (month !== undefined) time.setMonth(months.indexOf(month.toLowerCase()), Number(day))
  time.setHours((Number(hour) % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0), Number(minute ?? 0), 0, 0)
  if (time.getTime() > now) return time.getTime()
  if (month === undefined) return time.setDate(time.getDate() + 1)
  return time.setFullYear(time.getFullYear() + 1)
}
