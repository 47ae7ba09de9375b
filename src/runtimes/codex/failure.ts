import type { FailureClass } from '../../core/restart.ts'
import { ceilingIn } from '../ceiling.ts'
import { resetTime } from '../reset-time.ts'
import { isRecord } from '../json.ts'
import type { TurnError } from './protocol.ts'

export type TurnFailure = { class: FailureClass; why: string; until: number | null; fix?: string }

const fixes = {
  auth: 'run `codex login` by yourself, or mend OPENAI_API_KEY in the environment and run troupe up',
  model: 'correct `model` in the project file, then restart it',
  context: 'its conversation is full: type /compact in its terminal (troupe attach NAME --rw), or troupe restart NAME --fresh',
  allowance: 'raise the limit at the provider, or wait until it is reset',
}

/** The provider's trouble, not the request's. Codex has asked again by then. */
const transient = new Set([
  ...['rateLimitExceeded', 'flexUnavailable', 'serverOverloaded', 'policyCapacityUnavailable', 'internalServerError'],
  ...['httpConnectionFailed', 'responseStreamConnectionFailed', 'responseStreamDisconnected', 'responseTooManyFailedAttempts'],
])

/** What a turn that failed means for the agent; null where nothing is known to help. */
export function classify({ message, codexErrorInfo }: TurnError, now: number): TurnFailure | null {
  const ceiling = ceilingIn(message)
  if (ceiling !== null) return ceiling
  const { word, status } = infoOf(codexErrorInfo, message)
  const said = (kind: FailureClass, fix: string, until: number | null = null): TurnFailure => ({ class: kind, why: message, until, fix })
  if (word === 'unauthorized' || status === 401 || status === 403) return said('auth', fixes.auth)
  if (word === 'usageLimitExceeded' || status === 402 || /hit your usage limit|exceeded your current quota|insufficient_quota/i.test(message)) return allowance(message, now)
  if (word === 'contextWindowExceeded') return said('config', fixes.context)
  if (word === 'modelNotFound' || status === 404) return said('config', fixes.model)
  if (transient.has(word) || status === 429 || (status !== null && status >= 500)) return { class: 'transient', why: message, until: null }
  return null
}

/** Without a time, a person has to do something. */
function allowance(why: string, now: number): TurnFailure {
  const until = resetOf(why, now)
  return { class: 'quota', why, until, ...(until === null ? { fix: fixes.allowance } : {}) }
}

/** `… try again at 5:46 AM.`, `… try again at Nov 23rd, 2026 5:46 AM.`, `… try again in 3 days 4 hours.` */
export function resetOf(text: string, now: number): number | null {
  const [, at] = /try again at (.+?)\.?$/i.exec(text) ?? []
  const [, span] = /try again in (.+?)\.?$/i.exec(text) ?? []
  return resetTime({ at: at?.replace(/(\d)(?:st|nd|rd|th), (?:\d{4} )?/, '$1, '), in: span }, now)
}

/** The word of the kind, and the status of the provider's answer where there was one. A one-shot run has the message alone. */
function infoOf(info: unknown, message: string): { word: string; status: number | null } {
  const said = /(?:unexpected|last) status:? (\d{3})/.exec(message)?.[1]
  const status = said === undefined ? null : Number(said)
  if (typeof info === 'string') return { word: info, status }
  if (!isRecord(info)) return { word: '', status }
  const [word = '', about] = Object.entries(info)[0] ?? []
  const told = isRecord(about) ? about['httpStatusCode'] : null
  return { word, status: typeof told === 'number' ? told : status }
}
