import { isRecord } from '../json.ts'
import { classify, type TurnFailure } from './failure.ts'

type Event = Record<string, unknown>

/** Text of a user's message; null where it carries answers of tools only. */
export function userText(event: Event): string | null {
  const content = isRecord(event['message']) ? event['message']['content'] : null
  if (typeof content === 'string') return content
  const texts = blocks(content).flatMap((block) => (block['type'] === 'text' ? [String(block['text'])] : []))
  return texts.length === 0 ? null : texts.join('\n')
}

function blocks(content: unknown): Event[] {
  return Array.isArray(content) ? content.filter(isRecord) : []
}

/** Claude's words for HTTP's, as its hooks have them. */
function errorOf(status: unknown, text: string): string {
  if (/credit balance/i.test(text)) return 'billing_error'
  if (status === 401 || status === 403) return 'authentication_failed'
  if (status === 404) return 'model_not_found'
  if (status === 429) return 'rate_limit'
  if (status === 529) return 'overloaded'
  return typeof status === 'number' && status < 500 ? 'invalid_request' : 'server_error'
}

/** What a `result` says of its turn: how it failed, where it did for a reason that concerns the agent. */
export function resultOf(event: Event, at: number): { ok: boolean; text: string; failure: TurnFailure | null; error: string | null } {
  const { result, is_error: bad, api_error_status: status, subtype, errors } = event
  const listed = Array.isArray(errors) ? errors.filter((each) => typeof each === 'string').join('; ') : ''
  const text = typeof result === 'string' ? result : listed
  if (bad !== true) return { ok: subtype === 'success', text, failure: null, error: null }
  // Without a status it is none of the API's: an interrupt, a limit of turns.
  if (status === null || status === undefined) return { ok: false, text: text === '' ? String(subtype) : text, failure: null, error: null }
  const error = errorOf(status, text)
  return { ok: false, text, failure: classify(error, text, at), error }
}

/** A retry of the model's API, in words. */
export function retryText({ attempt, max_retries: most, error_status: status, error }: Event): string {
  const cause = typeof status === 'number' ? `HTTP ${status}` : typeof error === 'string' ? error : 'no answer'
  return `the model’s API failed (${cause}); it is asked again, attempt ${Number(attempt)} of ${Number(most)}`
}
