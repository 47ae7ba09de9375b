import type { FailureClass } from '../../core/restart.ts'
import { ceilingIn } from '../ceiling.ts'
import { resetTime } from '../reset-time.ts'
import { isRecord } from '../json.ts'

export type TurnFailure = { class: FailureClass; why: string; until: number | null; fix?: string }

const fixes = {
  auth: 'run `opencode auth login` by yourself, or mend the key in the environment and run troupe up',
  allowance: 'wait until the provider’s limit is reset, raise it there, or add funds',
  model: 'correct `model` in the project file (provider/model, see `opencode models`), then restart it',
  context: 'its conversation is full: type /compact in its terminal (troupe attach NAME --rw), or troupe restart NAME --fresh',
}

/** OpenCode asks again by itself for as long as it takes. After so many tries the turn counts as failed. */
const mostTries = 10
/** Nobody waits this long for a server that is only busy: an allowance is used up. ms */
const longWaitMs = 10 * 60_000

/** Interrupted, which is no failure. */
export function isAborted(error: unknown): boolean {
  return isRecord(error) && error['name'] === 'MessageAbortedError'
}

/** What is said of an error, in the provider's words where it gave any. */
export function textOf(error: unknown): string {
  const data = isRecord(error) && isRecord(error['data']) ? error['data'] : {}
  return String(data['message'] ?? (isRecord(error) ? error['name'] : error) ?? 'unknown')
}

/** What the error of a turn means for the agent; null where nothing is known to help. */
export function classify(error: unknown, now: number): TurnFailure | null {
  if (!isRecord(error)) return null
  const why = textOf(error)
  const data = isRecord(error['data']) ? error['data'] : {}
  const code = typeof data['statusCode'] === 'number' ? data['statusCode'] : null
  const ceiling = ceilingIn(why)
  if (ceiling !== null) return ceiling
  const body = `${why} ${typeof data['responseBody'] === 'string' ? data['responseBody'].slice(0, 2_000) : ''}`
  if (error['name'] === 'ProviderAuthError' || code === 401 || code === 403) return { class: 'auth', why, until: null, fix: fixes.auth }
  if (code === 402 || isAllowance(body)) return allowance(why, resetOf(why, now) ?? resetOf(body, now))
  if (error['name'] === 'ContextOverflowError' || /context (length|window)|too many tokens|prompt is too long/i.test(why)) return { class: 'config', why, until: null, fix: fixes.context }
  if (/^ProviderModelNotFound|model.*not (be )?found/i.test(`${String(error['name'])} ${why}`)) return { class: 'config', why, until: null, fix: fixes.model }
  if (error['name'] === 'APIError' && (code === null || code === 429 || code >= 500 || data['isRetryable'] === true)) return { class: 'transient', why, until: null }
  return null
}

/** What a wait before its next try means; null where that is to be waited for. `next` is the time of the try, ms. */
export function classifyRetry({ attempt, message, next }: { attempt: number; message: string; next: number }, now: number): TurnFailure | null {
  if (isAllowance(message)) return allowance(message, resetOf(message, now) ?? (next - now > longWaitMs ? next : null))
  if (next - now > longWaitMs) return allowance(message, next)
  return attempt >= mostTries ? { class: 'transient', why: message, until: null } : null
}

/** Without a time, a person has to do something. */
function allowance(why: string, until: number | null): TurnFailure {
  return { class: 'quota', why, until, ...(until === null ? { fix: fixes.allowance } : {}) }
}

function isAllowance(text: string): boolean {
  return /\b(hit|reached|exceeded) your\b.*\b(limit|quota)\b|\b(usage|session|weekly|spend) limit\b|insufficient_quota|credit balance|out of (usage )?credits/i.test(text)
}

function resetOf(text: string, now: number): number | null {
  const at = /\b(?:resets|try again) (?:at )?(?!in\b)([^.]+)/i.exec(text)?.[1]
  const span = /\b(?:resets|try again) in ([^.]+)/i.exec(text)?.[1]
  return resetTime({ at, in: span }, now)
}
