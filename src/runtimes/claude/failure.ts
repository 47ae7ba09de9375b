import type { FailureClass } from '../../core/restart.ts'
import { resetTime } from '../reset-time.ts'

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
  if (error === 'rate_limit' && isAllowance(text)) return allowance(text, resetOf(text, now))
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

/** `… · resets 3:45pm`, `… resets Oct 9, 5pm (Europe/Berlin)`, and `…|1760000000` of older versions. Null where it says nothing of the kind. */
export function resetOf(text: string, now: number): number | null {
  const said = /\bresets (?:at )?(.+)/i.exec(text)?.[1] ?? /\|(\d{9,10})\b/.exec(text)?.[1]
  return resetTime({ at: said, in: undefined }, now)
}
