import type { Duty } from './duty.ts'
import type { RestartState } from './restart.ts'

/**
 * What an agent is doing, one state and one owner (the reconciler).
 * Every phase is held together with the evidence that put it there.
 */
export type Phase =
  | { name: 'stopped'; why: 'never' | 'asked' | 'done' | 'failed'; code: number | null }
  | { name: 'starting' }
  | { name: 'idle' }
  | { name: 'busy' }
  /** `fix`: how to answer it, or how to be spared the question, where the runtime knows. */
  | { name: 'waiting'; what: string; fix?: string }
  | { name: 'backoff'; until: number }
  | { name: 'quarantined'; why: string }
  | Parked
  /** `fix` is what would mend it, where somebody knows. */
  | { name: 'blocked'; why: string; fix?: string }
  /**
   * `during`: what it does meanwhile, where it was at work when it was told to stop: a turn may come to its end.
   * `fresh`: its next process begins a conversation of its own. `held`: it is not started again before whoever keeps it lets it go on.
   */
  | { name: 'stopping'; during?: Activity; fresh?: true; held?: Parked }

/** `cut`: a turn was cut off, and waits to be gone on with. `limit`: its provider lets it do nothing. `hold`: troupe itself keeps it from working. */
export interface Parked {
  name: 'parked'
  until: number | null
  why: string
  fix?: string
  cut?: true
  limit?: true
  hold?: Hold
}

/** What a process does that got as far as being ready. */
export type Activity = 'idle' | 'busy' | 'waiting'

/**
 * Why troupe keeps an agent from working: a ceiling, for as long as it holds, or a breaker, until a person lets it go on.
 * `rule`: the key with its place. `run`: the incarnation whose limit it is.
 */
export interface Hold {
  by: 'budget' | 'breaker' | 'person'
  rule: string
  run: string | null
}

export function holdOf(phase: Phase): Hold | null {
  return phase.name === 'parked' ? (phase.hold ?? null) : null
}

/** One observation: what was seen, when (ms), and by which signal (`hook`, `session-file`, `process`, `screen`, …). */
export interface Evidence {
  at: number
  what: string
  source: string
}

/** The durable state of one agent: what is wanted, where it stands, what its restarts have cost so far. */
export interface AgentState {
  address: string
  wanted: 'running' | 'stopped'
  phase: Phase
  /** When the phase was entered, ms. */
  since: number
  evidence: Evidence[]
  incarnation: string | null
  restarts: RestartState
  /** The runtime's own conversation id, resumed by the next incarnation. */
  session: string | null
  /** Absent: its own runtime always did its work. */
  duty?: Duty
}

/** An allowance of its provider's that is used up, as it said itself. */
export interface UsedUp {
  /** ms; null: nobody knows. */
  until: number | null
  why: string
}

/** null while none is known to be. A turn that was cut off by a failing model is no such thing, nor is what troupe holds. */
export function usedUp({ phase, restarts }: Pick<AgentState, 'phase' | 'restarts'>): UsedUp | null {
  const { limits, turns } = restarts
  if (phase.name !== 'parked' || phase.hold !== undefined || limits === undefined || limits.at < (turns?.at ?? 0)) return null
  return { until: phase.until, why: phase.why }
}

/** One word or two for a table cell. */
export function phaseDetail(phase: Phase): string {
  switch (phase.name) {
    case 'stopped':
      return phase.why === 'failed' ? `failed, exit ${phase.code ?? '?'}` : phase.why === 'never' ? 'never started' : phase.why
    case 'waiting':
      return phase.what
    case 'quarantined':
    case 'blocked':
    case 'parked':
      return phase.why
    case 'stopping':
      return phase.during === 'busy' ? 'at the end of its turn' : ''
    default:
      return ''
  }
}

export function activityOf(phase: Phase): Activity | null {
  switch (phase.name) {
    case 'idle':
    case 'busy':
    case 'waiting':
      return phase.name
    case 'stopping':
      return phase.during ?? null
    default:
      return null
  }
}
