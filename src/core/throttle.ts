import { TroupeError } from './error.ts'
import { teamRule } from './rule.ts'
import type { Limits } from './team.ts'

/** What one agent may ask of the daemon, so that one that loops does not starve the others. Operators are not bound. */

/** A bucket holds this many seconds' worth of requests: work comes in bursts, loops do not end. */
export const burstSeconds = 10

/** `at` in ms. An agent without one has a full bucket. */
export interface Bucket {
  tokens: number
  at: number
}

/** A limit by its word in team-compose.yaml. */
export type LimitName = 'requests_per_second' | 'requests_at_once' | 'waits_at_once' | 'inbox_messages'

export interface Refusal {
  limit: LimitName
  allowed: number
  /** ms until it is worth trying again. */
  retryAfterMs: number
}

export type Taken = { bucket: Bucket; refusal: null } | { bucket: Bucket; refusal: Refusal }

/** Takes `cost` requests out of the bucket, all or none. A cost over the whole bucket empties a full one. */
export function take(bucket: Bucket | undefined, limits: Limits, cost: number, now: number): Taken {
  const rate = limits.requestsPerSecond
  const size = rate * burstSeconds
  const elapsed = bucket === undefined ? 0 : Math.max(0, now - bucket.at)
  const tokens = bucket === undefined ? size : Math.min(size, bucket.tokens + (elapsed / 1000) * rate)
  const price = Math.min(cost, size)
  // Sums of parts of a second miss whole numbers by a hair.
  if (tokens + 1e-6 >= price) return { bucket: { tokens: Math.max(0, tokens - price), at: now }, refusal: null }
  const retryAfterMs = Math.max(1, Math.ceil(((price - tokens) / rate) * 1000))
  return { bucket: { tokens, at: now }, refusal: { limit: 'requests_per_second', allowed: rate, retryAfterMs } }
}

/** Whether one more call may run beside those that do; `waits` of them wait for mail, and so would this one if `wait`. */
export function besides(running: number, waits: number, wait: boolean, limits: Limits): Refusal | null {
  if (running >= limits.requestsAtOnce) return { limit: 'requests_at_once', allowed: limits.requestsAtOnce, retryAfterMs: 1000 }
  if (wait && waits >= limits.waitsAtOnce) return { limit: 'waits_at_once', allowed: limits.waitsAtOnce, retryAfterMs: 1000 }
  return null
}

const sentences: Record<LimitName, (who: string, allowed: number) => [string, string]> = {
  requests_per_second: (who, allowed) => [`${who} sends more than ${allowed} requests a second`, 'wait, and do not ask in a loop: inbox_watch waits for mail'],
  requests_at_once: (who, allowed) => [`${who} has ${allowed} requests running already`, 'wait for some of them to end'],
  waits_at_once: (who, allowed) => [`${who} waits with ${allowed} calls already`, 'one inbox_watch is enough'],
  inbox_messages: (who, allowed) => [`the inbox of ${who} is full: ${allowed} messages wait there unacknowledged`, 'write again when it has caught up; an operator can tell it to'],
}

/** The refusal as whoever asked gets it. `who`: the agent that asks, or the recipient whose inbox is full. */
export function throttled(who: string, refusal: Refusal): TroupeError {
  const [sentence, hint] = sentences[refusal.limit](who, refusal.allowed)
  return new TroupeError('throttled', `${sentence} (limits.${refusal.limit})`, { hint, facts: { ...refusal, rule: teamRule(`limits.${refusal.limit}`) } })
}

/** Which limit an error tells of, null where it is about something else. */
export function limitOf(error: unknown): LimitName | null {
  const name = error instanceof TroupeError && error.code === 'throttled' ? error.facts['limit'] : undefined
  return typeof name === 'string' && Object.hasOwn(sentences, name) ? (name as LimitName) : null
}

/** ms. Refusals of one agent by one limit stand in the journal at most this often. */
export const tellEveryMs = 60_000

/** Refusals of one agent by one limit: all so far, when the journal was last told, and how many it does not know of. */
export interface Tally {
  total: number
  last: number
  toldAt: number | null
  untold: number
}

/** One more. `tell`: how many the journal should hear of now, 0 for none. */
export function count(tally: Tally | undefined, now: number): { tally: Tally; tell: number } {
  const before = tally ?? { total: 0, last: now, toldAt: null, untold: 0 }
  const untold = before.untold + 1
  const due = before.toldAt === null || Math.abs(now - before.toldAt) >= tellEveryMs
  const after = { total: before.total + 1, last: now, toldAt: due ? now : before.toldAt, untold: due ? 0 : untold }
  return { tally: after, tell: due ? untold : 0 }
}
