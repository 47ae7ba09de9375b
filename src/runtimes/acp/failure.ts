import type { FailureClass } from '../../core/restart.ts'
import type { Message } from './messages.ts'

/** What the protocol gives `authentication required`. */
const authRequired = -32_000

/** What an error in the place of a turn means. Agents say it in words of their own. */
export function failureOf({ code, message, data }: NonNullable<Message['error']>): { class: FailureClass; why: string; until: null; fix?: string } {
  const said = typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data)
  const why = [message, said].filter((part) => part !== '').join(': ').slice(0, 500)
  if (code === authRequired || /\b40[13]\b|unauthori[sz]ed|authenticat|api key/i.test(why)) return { class: 'auth', why, until: null, fix: 'log in with the agent’s own program, or correct its key' }
  if (/quota|usage limit|insufficient (?:credit|balance)|billing/i.test(why)) return { class: 'quota', why, until: null }
  return { class: 'transient', why, until: null }
}
