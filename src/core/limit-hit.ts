import { inARow, type CutTurns } from './cut-turn.ts'
import type { RateLimitHook, RateLimitSettings } from './team.ts'

/** A limit of a provider's that an agent ran into, and what is done about it: its hooks, in the order of the team's files. */
export interface LimitHit {
  /** UUIDv7. */
  id: string
  agent: string
  project: string
  runtime: string
  incarnation: string | null
  /** ms */
  at: number
  /** When the provider lets it work again, ms; null: it did not say. */
  resetsAt: number | null
  /** When its agent is to be free again, ms; null: when a person says so. */
  until: number | null
  /** What the runtime said of it. */
  raw: string
  hooks: HookRun[]
}

/** One hook of one hit. `attempts` counts those begun. */
export interface HookRun {
  name: string
  action: RateLimitHook['action']
  state: HookState
  attempts: number
}

export type HookState =
  | { is: 'due' }
  /** Only `wait`: over at this time, or once the agent goes on. */
  | { is: 'waiting'; until: number }
  /** Begun. Found by another daemon it may have been done: what cannot tell the second time from the first is done twice. */
  | { is: 'running'; at: number }
  | { is: 'retry'; at: number; why: string }
  | { is: 'done'; at: number; what: string }
  | { is: 'failed'; at: number; why: string }

/** What came of one attempt. `again`: another one may do better. */
export type Outcome = { ok: true; what: string } | { ok: false; why: string; again: boolean }

/** ms */
export const limitPolicy = {
  /** So long after its reset a limit is surely over: clocks differ. */
  grace: 5_000,
  /** An agent whose limit is used up is not told to go on sooner than this after it was hit, whatever clocks and files say; doubled each time. */
  least: 10_000,
  mostLeast: 300_000,
  firstRetry: 5_000,
  mostRetry: 300_000,
  attempts: 6,
  /** Two reset times this close are the same limit: some are told as a span. */
  sameReset: 90_000,
} as const

/** How an agent is parked: whether it is told to go on after the reset, and how long where no reset is known. */
export interface QuotaPolicy {
  waits: boolean
  fallbackMs: number
}

const plainWait: RateLimitHook = { name: 'wait', action: 'wait', to: null, template: null, url: null, urlEnv: null, method: null, command: [] }

/** The hooks of an agent: its own list, where it has one (an empty one: none); else the team's; else `wait`. */
export function hooksOf(agent: { onRateLimit: string[] | null }, settings: RateLimitSettings): RateLimitHook[] {
  const names = agent.onRateLimit ?? (settings.defaultOnHit.length > 0 ? settings.defaultOnHit : ['wait'])
  return names.flatMap((name) => settings.hooks.find((hook) => hook.name === name) ?? (name === 'wait' ? plainWait : []))
}

export function quotaPolicy(hooks: readonly RateLimitHook[], { fallbackWaitMs }: RateLimitSettings): QuotaPolicy {
  return { waits: hooks.some((hook) => hook.action === 'wait'), fallbackMs: fallbackWaitMs }
}

/**
 * Until when it is parked, ms; null: until a person says otherwise. Never a moment, so that nothing spins: the
 * provider's clock may be behind ours, and a file may say 0. `before`: the hits in a row until now.
 */
export function parkedUntil(
  hit: { at: number; resetsAt: number | null },
  { waits, fallbackMs }: QuotaPolicy,
  before: CutTurns | undefined,
): { hits: CutTurns; until: number | null } {
  const { grace, least, mostLeast } = limitPolicy
  const hits = inARow(before, hit.at)
  const soonest = hit.at + Math.min(least * 2 ** (hits.count - 1), mostLeast)
  const over = hit.resetsAt !== null ? hit.resetsAt + grace : waits ? hit.at + fallbackMs : null
  return { hits, until: over === null ? null : Math.max(over, soonest) }
}

export function newHit(hit: Omit<LimitHit, 'hooks'>, hooks: readonly RateLimitHook[]): LimitHit {
  return { ...hit, hooks: hooks.map(({ name, action }) => ({ name, action, state: { is: 'due' }, attempts: 0 })) }
}

/** The same limit, met again before it was over: its hooks ran. */
export function isSameLimit(before: LimitHit | undefined, hit: LimitHit): boolean {
  if (before?.resetsAt == null || hit.resetsAt === null) return false
  return before.resetsAt > hit.at && Math.abs(before.resetsAt - hit.resetsAt) < limitPolicy.sameReset
}

export function isOver({ hooks }: LimitHit): boolean {
  return hooks.every(({ state }) => state.is === 'done' || state.is === 'failed')
}

/**
 * What can begin now, by its place. Hooks begin in their order: each once the one before was tried, what follows a
 * `wait` once that is over. A hook that failed and is tried again holds up none.
 */
export function startable(hit: LimitHit, now: number): number[] {
  const found: number[] = []
  for (const [place, { state }] of hit.hooks.entries()) {
    if (state.is === 'due') return [...found, place]
    if (state.is === 'waiting' || state.is === 'running') return found
    if (state.is === 'retry' && state.at <= now) found.push(place)
  }
  return found
}

/** When to look again although nothing happened, ms; null: nothing has a time. */
export function nextLook({ hooks }: LimitHit): number | null {
  const times = hooks.flatMap(({ state }) => (state.is === 'waiting' ? [state.until] : state.is === 'retry' ? [state.at] : []))
  return times.length === 0 ? null : Math.min(...times)
}

/** Written down before anything is done. */
export function begun(hit: LimitHit, place: number, at: number): LimitHit {
  return change(hit, place, (run) => {
    if (run.action !== 'wait') return { ...run, attempts: run.attempts + 1, state: { is: 'running', at } }
    return { ...run, attempts: 1, state: { is: 'waiting', until: hit.until ?? at } }
  })
}

/** `jitter` in [0, 1). */
export function settled(hit: LimitHit, place: number, outcome: Outcome, at: number, jitter: number): LimitHit {
  return change(hit, place, (run) => ({ ...run, state: after(run, outcome, at, jitter) }))
}

function after({ attempts }: HookRun, outcome: Outcome, at: number, jitter: number): HookState {
  if (outcome.ok) return { is: 'done', at, what: outcome.what }
  if (!outcome.again || attempts >= limitPolicy.attempts) return { is: 'failed', at, why: outcome.why }
  const delay = Math.min(limitPolicy.firstRetry * 3 ** (attempts - 1), limitPolicy.mostRetry)
  return { is: 'retry', at: at + Math.round(delay * (1 + jitter / 5)), why: outcome.why }
}

/** What an earlier daemon was at when it died is begun again; its attempt counts. */
export function takenUp(hit: LimitHit, at: number): LimitHit {
  return { ...hit, hooks: hit.hooks.map((run) => (run.state.is === 'running' ? { ...run, state: { is: 'retry', at, why: 'the daemon ended meanwhile' } } : run)) }
}

function change(hit: LimitHit, place: number, next: (run: HookRun) => HookRun): LimitHit {
  return { ...hit, hooks: hit.hooks.map((run, index) => (index === place ? next(run) : run)) }
}

/** Where the team's files say nothing. */
export const defaultTemplate = '{agent} ({runtime}) hit a limit: {raw_match}. It is over at {resets_at_local}.'

/** Fills `{agent}`, `{runtime}`, `{hit_at}`, `{resets_at}` (Unix seconds), `{resets_at_local}` and `{raw_match}` in one pass: what is filled in is not read again. */
export function fillTemplate(template: string, hit: LimitHit): string {
  const values: Record<string, string> = {
    agent: hit.agent,
    runtime: hit.runtime,
    hit_at: seconds(hit.at),
    resets_at: hit.resetsAt === null ? 'unknown' : seconds(hit.resetsAt),
    resets_at_local: hit.resetsAt === null ? 'an unknown time' : localTime(hit.resetsAt),
    raw_match: hit.raw,
  }
  return template.replaceAll(/\{(\w+)\}/g, (written, name: string) => (Object.hasOwn(values, name) ? values[name] : undefined) ?? written)
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000))
}

/** `2026-11-21 15:45`, in this machine's zone. */
export function localTime(ms: number): string {
  const time = new Date(ms)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`
}
