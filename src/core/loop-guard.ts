import { TroupeError } from './error.ts'
import { teamRule } from './rule.ts'

/**
 * Agents that only write to each other are stopped: each message continues the chain of what its sender was told last,
 * one hop further; work sets the count back. Operators are not bound. Changes nothing but itself; times in ms of one clock.
 */
export interface LoopGuardSettings {
  enabled: boolean
  /** Messages one after another without any work between. */
  hops: number
  /** Sends of one chain since the last work in it; a broadcast is one. */
  sendsPerChain: number
  /** Of one sender. */
  sendsPerMinute: number
}

/** Where a message stands: the chain it continues, and how far from its beginning or the last work. */
export interface Link {
  chain: string
  hop: number
}

/** A limit by its word in team-compose.yaml. */
export type LoopLimit = 'hops' | 'sends_per_chain' | 'sends_per_minute'

export interface LoopRefusal extends Link {
  limit: LoopLimit
  allowed: number
  /** ms until it is worth trying again; null: time does not help. */
  retryAfterMs: number | null
}

export type Admitted = { ok: true; link: Link } | { ok: false; refusal: LoopRefusal }

const minuteMs = 60_000
/** Chains whose sends are counted; of more than that the one that rested longest begins anew. */
const mostChains = 10_000

export class LoopGuard {
  /** What each agent was told last, or the chain that it began itself. */
  readonly #causes = new Map<string, Link>()
  readonly #sends = new Map<string, number>()
  readonly #recent = new Map<string, number[]>()

  /** A message entered the agent's context. */
  told(agent: string, link: Link): void {
    this.#causes.set(agent, link)
  }

  causeOf(agent: string): Link | undefined {
    return this.#causes.get(agent)
  }

  /** Another run of the agent: it was told nothing yet. */
  forget(agent: string): void {
    this.#causes.delete(agent)
  }

  /** The agent did something other than write: what it sends from here on is news. */
  worked(agent: string): void {
    const cause = this.#causes.get(agent)
    if (cause === undefined) return
    this.#causes.set(agent, { ...cause, hop: 0 })
    this.#sends.delete(cause.chain)
  }

  /** Counts one send, if it is allowed. `id`: of the message, and of the chain that it begins if nothing caused it. */
  take(agent: string, id: string, settings: LoopGuardSettings, now: number): Admitted {
    const cause = this.#causes.get(agent)
    const link = cause === undefined ? { chain: id, hop: 0 } : { chain: cause.chain, hop: cause.hop + 1 }
    const sends = this.#sends.get(link.chain) ?? 0
    const recent = (this.#recent.get(agent) ?? []).filter((at) => now - at < minuteMs)
    const refusal = settings.enabled ? refusalOf(link, sends, recent, settings, now) : null
    if (refusal !== null) return { ok: false, refusal }
    this.#count(link.chain, sends + 1)
    this.#recent.set(agent, settings.enabled ? [...recent, now] : [])
    // What it goes on to say without being told anything belongs to the same chain.
    if (cause === undefined) this.#causes.set(agent, { chain: id, hop: -1 })
    return { ok: true, link }
  }

  /** The send did not come about. */
  giveBack(agent: string, { chain }: Link): void {
    this.#recent.get(agent)?.pop()
    const sends = this.#sends.get(chain) ?? 0
    if (sends > 0) this.#sends.set(chain, sends - 1)
  }

  #count(chain: string, sends: number): void {
    this.#sends.delete(chain)
    this.#sends.set(chain, sends)
    const [oldest] = this.#sends.keys()
    if (this.#sends.size > mostChains && oldest !== undefined) this.#sends.delete(oldest)
  }
}

function refusalOf(link: Link, sends: number, recent: number[], settings: LoopGuardSettings, now: number): LoopRefusal | null {
  if (link.hop > settings.hops) return { limit: 'hops', allowed: settings.hops, ...link, retryAfterMs: null }
  if (sends >= settings.sendsPerChain) return { limit: 'sends_per_chain', allowed: settings.sendsPerChain, ...link, retryAfterMs: null }
  if (recent.length < settings.sendsPerMinute) return null
  const first = recent.at(-settings.sendsPerMinute) ?? now
  return { limit: 'sends_per_minute', allowed: settings.sendsPerMinute, ...link, retryAfterMs: Math.max(1, Math.ceil(first + minuteMs - now)) }
}

const doWork = 'do the work first: a successful call of a tool other than the team’s sets the count back; so does a new message of an operator'

const sentences: Record<LoopLimit, (who: string, refusal: LoopRefusal) => [string, string]> = {
  hops: (who, { hop, allowed }) => [`this message of ${who} would be number ${hop} in a row in which nobody did anything but write, ${allowed} are allowed`, doWork],
  sends_per_chain: (_who, { allowed }) => [`${allowed} messages were sent about the same matter and nobody did anything but write`, doWork],
  sends_per_minute: (who, { allowed }) => [`${who} has sent ${allowed} messages within a minute`, 'wait, and say more in fewer messages'],
}

/** The refusal as the sender gets it. */
export function loopStopped(who: string, refusal: LoopRefusal): TroupeError {
  const [sentence, hint] = sentences[refusal.limit](who, refusal)
  const { retryAfterMs, ...facts } = refusal
  return new TroupeError('throttled', `${sentence} (loop_guard.${refusal.limit})`, {
    hint,
    facts: { ...facts, limit: `loop_guard.${refusal.limit}`, rule: teamRule(`loop_guard.${refusal.limit}`), ...(retryAfterMs === null ? {} : { retryAfterMs }) },
  })
}

export function isLoop(error: TroupeError): boolean {
  return error.code === 'throttled' && String(error.facts['limit']).startsWith('loop_guard.')
}
