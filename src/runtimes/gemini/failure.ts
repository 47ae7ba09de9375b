import type { FailureClass } from '../../core/restart.ts'
import { ceilingIn } from '../ceiling.ts'
import { isRecord } from '../json.ts'
import { resetTime } from '../reset-time.ts'

export interface TurnFailure {
  class: FailureClass
  why: string
  until: number | null
  fix?: string
}

const fixes = {
  auth: 'mend GEMINI_API_KEY, or run `gemini` by yourself and /auth, then run troupe up',
  model: 'correct `model` in the project file, then restart it',
  context: 'its conversation is full: type /compress in its terminal (troupe attach NAME --rw), or troupe restart NAME --fresh',
  allowance: 'raise the limit at the provider, or wait until it is reset',
}

/**
 * What an error in the session file means for the agent; null where nothing is known to help. The CLI has asked again by
 * then, for as long as it thought that this could help.
 */
export function classify(text: string, now: number): TurnFailure | null {
  const ceiling = ceilingIn(text)
  if (ceiling !== null) return ceiling
  const { code, why } = read(text)
  if (code === 401 || code === 403 || /API key not valid|API_KEY_INVALID|invalid authentication|UNAUTHENTICATED|PERMISSION_DENIED/i.test(text)) {
    return { class: 'auth', why, until: null, fix: fixes.auth }
  }
  if (/exhausted your (daily )?quota|usage limit reached|quota (exceeded|exhausted)|exceeded your current quota|limit: 0/i.test(text)) return quota(text, why, now)
  if (code === 404 || /is not found for API version|model .* not found/i.test(text)) return { class: 'config', why, until: null, fix: fixes.model }
  if (/exceeds the maximum number of tokens|input token count/i.test(text)) return { class: 'config', why, until: null, fix: fixes.context }
  if (code === 429 || (code !== null && code >= 500) || /please wait and try again later|high demand|overloaded|unavailable|ended without a finish reason|terminated|fetch failed|ECONN|socket|stream/i.test(text)) {
    return { class: 'transient', why, until: null }
  }
  return null
}

function quota(text: string, why: string, now: number): TurnFailure {
  const until = retryAfter(text, now) ?? (/daily|per day|PerDay/i.test(text) ? nextDay(now) : null)
  return { class: 'quota', why, until, ...(until === null ? { fix: fixes.allowance } : {}) }
}

/** `Suggested retry after 3600s.`, `Please retry in 34.07s`, `Access resets at 3:45 PM.` */
function retryAfter(text: string, now: number): number | null {
  const seconds = /(?:retry after|retry in) (\d+(?:\.\d+)?)s/i.exec(text)?.[1]
  if (seconds !== undefined) return now + Math.ceil(Number(seconds)) * 1000
  return resetTime({ at: /resets at ([^\n.]+)/i.exec(text)?.[1], in: undefined }, now)
}

/** Allowances of a day begin anew at midnight in California (ai.google.dev/gemini-api/docs/rate-limits). */
function nextDay(now: number): number | null {
  return resetTime({ at: '12:00 am (America/Los_Angeles)', in: undefined }, now)
}

/** `[API Error: {"error":{"code":401,"message":…}}]`, or words. */
function read(text: string): { code: number | null; why: string } {
  const inner = /^\[API Error: ([\s\S]*?)\](?:\n|$)/.exec(text)?.[1] ?? text
  try {
    const found: unknown = JSON.parse(inner)
    const error = isRecord(found) && isRecord(found['error']) ? found['error'] : null
    if (error !== null) return { code: typeof error['code'] === 'number' ? error['code'] : null, why: String(error['message'] ?? inner) }
  } catch {
    // words, no JSON
  }
  return { code: null, why: inner.split('\n')[0] ?? inner }
}
