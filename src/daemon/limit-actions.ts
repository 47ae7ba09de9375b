import { defaultTemplate, fillTemplate, type LimitHit, type Outcome } from '../core/limit-hit.ts'
import { TroupeError } from '../core/error.ts'
import { scrubber } from '../core/scrub.ts'
import type { RateLimitHook, Team } from '../core/team.ts'
import { run as runProgram } from '../util/spawn.ts'
import { Forbidden, webRequest } from '../util/web-request.ts'

/** ms */
const webTimeout = 15_000
const runTimeout = 60_000
/** Of what a command printed. */
const outputBytes = 16 * 1024
const shownCharacters = 300

export interface ActionParts {
  team(): Team
  /** What the last `up` brought: where `url_env` is looked up. */
  values(): Record<string, string>
  /** For a command: standard names, no agent's token. */
  plainEnvironment(): Record<string, string>
  /** The same key twice is one message. */
  mail(to: string, text: string, key: string): Promise<void>
  /** To the people of the agent, in their chats; the same hit and hook once. Throws where nobody can be reached. */
  tellPeople(hit: LimitHit, hook: string, text: string): Promise<void>
}

/**
 * One attempt at one hook. Rejects only where `signal` cut it short. The mail of a hit is one message however often
 * it is attempted; of a request and a command that cannot be said, so they carry the hit's name.
 */
export async function perform(parts: ActionParts, hook: RateLimitHook, hit: LimitHit, signal: AbortSignal): Promise<Outcome> {
  switch (hook.action) {
    case 'wait':
      return { ok: true, what: 'waited' }
    case 'send':
      return await send(parts, hook, hit)
    case 'webhook':
      return await call(parts, hook, hit, signal)
    case 'run':
      return await command(parts, hook, hit, signal)
  }
}

async function send(parts: ActionParts, hook: RateLimitHook, hit: LimitHit): Promise<Outcome> {
  const to = hook.to ?? ''
  try {
    const text = fillTemplate(hook.template ?? defaultTemplate, hit)
    if (to === 'user' || to.startsWith('user:')) await parts.tellPeople(hit, hook.name, text)
    else await parts.mail(to, text, `limit ${hit.id} ${hook.name}`)
    return { ok: true, what: `sent to ${to}` }
  } catch (error) {
    // Every other refusal would be the same again.
    const again = error instanceof TroupeError && (error.code === 'unavailable' || error.code === 'throttled')
    return { ok: false, why: reason(error), again }
  }
}

async function call(parts: ActionParts, hook: RateLimitHook, hit: LimitHit, signal: AbortSignal): Promise<Outcome> {
  const url = hook.urlEnv === null ? hook.url : (parts.values()[hook.urlEnv] ?? null)
  if (url === null || url === '') return { ok: false, why: `the variable ${hook.urlEnv ?? ''} that holds its URL is not set`, again: false }
  if (!URL.canParse(url)) return { ok: false, why: 'its URL is none', again: false }
  const method = hook.method?.toUpperCase() ?? 'POST'
  const headers = { 'content-type': 'application/json', 'user-agent': 'troupe', 'idempotency-key': `${hit.id}-${hook.name}` }
  const allowed = parts.team().rateLimits.allowPrivate
  try {
    const { status } = await webRequest({ url, method, headers, body: JSON.stringify(told(hook, hit)), timeoutMs: webTimeout, allowed, signal })
    if (status >= 200 && status < 300) return { ok: true, what: `answered ${status}` }
    return { ok: false, why: `answered ${status}${status >= 300 && status < 400 ? ', and redirects are not followed' : ''}`, again: status >= 500 || status === 408 || status === 429 }
  } catch (error) {
    if (signal.aborted) throw error
    const why = scrubber([url])(reason(error))
    if (error instanceof Forbidden) return { ok: false, why: `${why}; rate_limits.allow_private does not name it`, again: false }
    return { ok: false, why, again: true }
  }
}

/** As teamctl tells it: times in Unix seconds. */
function told(hook: RateLimitHook, hit: LimitHit): Record<string, unknown> {
  const { agent, runtime, at, resetsAt, raw } = hit
  const text = hook.template === null ? {} : { text: fillTemplate(hook.template, hit) }
  return { agent, runtime, hit_at: at / 1000, resets_at: resetsAt === null ? null : resetsAt / 1000, raw_match: raw, ...text }
}

/** By argv, each argument filled in by itself: whatever a CLI wrote stays one argument. */
async function command(parts: ActionParts, hook: RateLimitHook, hit: LimitHit, signal: AbortSignal): Promise<Outcome> {
  const argv = hook.command.map((each) => fillTemplate(each, hit))
  const env = { ...parts.plainEnvironment(), TROUPE_LIMIT_ID: hit.id, TROUPE_LIMIT_AGENT: hit.agent }
  try {
    const ran = await runProgram(argv, { cwd: parts.team().root, env, timeoutMs: runTimeout, signal, outputBytes })
    if (signal.aborted) throw signal.reason
    const said = shown(ran.stderr) || shown(ran.stdout)
    const more = said === '' ? '' : `: ${said}`
    if (ran.timedOut) return { ok: false, why: `it did not end within ${runTimeout / 1000} s${more}`, again: false }
    if (ran.code === 0) return { ok: true, what: `exit 0${more}` }
    return { ok: false, why: `${ran.code === null ? `ended by ${ran.signal}` : `exit ${ran.code}`}${more}`, again: true }
  } catch (error) {
    if (signal.aborted) throw error
    return { ok: false, why: reason(error), again: false }
  }
}

/** The end of what it printed, without what looks like a secret. */
function shown(output: string): string {
  return scrubber([])(output.trim()).slice(-shownCharacters).toWellFormed()
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'TimeoutError' ? `there was no answer within ${webTimeout / 1000} s` : error.message
}
