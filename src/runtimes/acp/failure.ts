import type { FailureClass } from '../../core/restart.ts'
import { isRecord, parseRecord } from '../json.ts'
import type { AuthMethod, Message } from './messages.ts'

/** What the protocol gives `authentication required`. */
const authRequired = -32_000

export interface AgentFailure {
  class: FailureClass
  why: string
  until: null
  fix?: string
}

/**
 * What an error in the place of an answer means. Some agents give the provider's HTTP status as its code, which decides;
 * from the others there are only words, the provider's or their own.
 */
export function failureOf(error: NonNullable<Message['error']>, methods: readonly AuthMethod[] = []): AgentFailure {
  const { code } = error
  const why = wordsOf(error)
  const isStatus = code >= 400 && code < 600
  if (wantsLogin(error) || code === 401 || code === 403) return { class: 'auth', why, until: null, fix: loginFix(methods) }
  if (code === 402 || (!(isStatus && code >= 500) && isAllowance(why))) return { class: 'quota', why, until: null, fix: 'raise the limit at the provider, or wait until it is reset' }
  if (!isStatus && /\b40[13]\b|unauthori[sz]ed|unauthenticated|authenticat|api[-_ ]?key/i.test(why)) return { class: 'auth', why, until: null, fix: loginFix(methods) }
  return { class: 'transient', why, until: null }
}

export function wantsLogin({ code }: NonNullable<Message['error']>): boolean {
  return code === authRequired
}

function isAllowance(why: string): boolean {
  return /quota|usage limit|insufficient (?:credit|balance)|credit balance|billing/i.test(why)
}

function loginFix(methods: readonly AuthMethod[]): string {
  const ways = methods.map(({ id, name }) => (name === undefined || name === id ? id : `${name} (${id})`))
  return `log in with the agent’s own program, or correct its key${ways.length === 0 ? '' : `; it knows ${ways.slice(0, 8).join(', ')}, and \`auth\` of its description names one that needs no person`}`
}

/** Some hand on the provider's answer as it was: JSON with the words inside. */
function wordsOf({ message, data }: NonNullable<Message['error']>): string {
  const inner = parseRecord(message)?.['error']
  const own = isRecord(inner) && typeof inner['message'] === 'string' ? [inner['message'], inner['status']] : [message]
  const said = typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data)
  return [...own, said].filter((part) => typeof part === 'string' && part !== '').join(': ').slice(0, 500)
}
