import type { CutTurns } from './cut-turn.ts'
import type { RestartMode } from './team.ts'

/** Figures of the restart policy. Kubernetes' curve, with a quarantine (see docs/decisions). All ms. */
export const restartPolicy = {
  firstDelay: 5_000,
  maxDelay: 300_000,
  /** A run this long wipes the history. */
  healthyAfter: 300_000,
  quarantineFailures: 5,
  quarantineWindow: 600_000,
} as const

/** `transient`: the model's API failed, after the CLI's own retries; the process is well. */
export type FailureClass = 'crash' | 'auth' | 'quota' | 'config' | 'stall' | 'transient'

/** Persisted over daemon restarts. */
export interface RestartState {
  /** Restarts in total since the agent was declared or its counters were cleared. */
  count: number
  /** Times of the failures that still count, oldest first, ms. */
  failures: number[]
  /** Failures in a row, for the back-off curve. */
  streak: number
  /** Turns that failed for another reason than the agent; absent: none so far. */
  turns?: CutTurns
  /** Limits of the provider's that it ran into, in a row; absent: none so far. */
  limits?: CutTurns
}

export const noRestarts: RestartState = { count: 0, failures: [], streak: 0 }

export interface Ended {
  code: number | null
  signal: string | null
  /** What the runtime said of it, if it said anything: structured signals only. */
  failure: { class: FailureClass; why: string; until: number | null; fix?: string } | null
  startedAt: number
  endedAt: number
  /** It went together with its terminal: the terminal server or the machine ended, which is not the agent's own failure. */
  lost?: boolean
}

export type RestartDecision =
  | { do: 'restart'; at: number; state: RestartState; why: string }
  | { do: 'stop'; why: 'done' | 'failed'; code: number | null; state: RestartState }
  | { do: 'quarantine'; why: string; state: RestartState }
  | { do: 'block'; why: string; fix?: string; state: RestartState }
  | { do: 'park'; until: number | null; why: string; fix?: string; state: RestartState }

/**
 * What follows the end of a run. `jitter` is a number in [0, 1) from the caller: up to a fifth is
 * added to the delay, so that a hundred agents whose provider fell over do not come back in step.
 */
export function afterEnd(mode: RestartMode, before: RestartState, ended: Ended, jitter: number): RestartDecision {
  const clean = ended.code === 0 && ended.failure === null
  const state = nextState(before, ended)
  if (ended.failure?.class === 'auth' || ended.failure?.class === 'config') {
    const { why, fix } = ended.failure
    return { do: 'block', why, ...(fix === undefined ? {} : { fix }), state: before }
  }
  if (ended.failure?.class === 'quota') {
    const { until, why, fix } = ended.failure
    return { do: 'park', until, why, ...(fix === undefined ? {} : { fix }), state: before }
  }
  if (mode === 'never') return { do: 'stop', why: clean ? 'done' : 'failed', code: ended.code, state: before }
  if (mode === 'on-failure' && clean) return { do: 'stop', why: 'done', code: 0, state: before }
  if (ended.lost !== true && state.failures.length >= restartPolicy.quarantineFailures) {
    return { do: 'quarantine', why: `ended ${state.failures.length} times in 10 min, last: ${describeEnd(ended)}`, state }
  }
  const delay = Math.min(restartPolicy.firstDelay * 2 ** (state.streak - 1), restartPolicy.maxDelay)
  return { do: 'restart', at: ended.endedAt + Math.round(delay * (1 + jitter / 5)), state: { ...state, count: state.count + 1 }, why: describeEnd(ended) }
}

/**
 * A clean exit of an agent that should always run counts as a failure only in that it loops. An agent that was lost
 * with its terminal comes back ever more slowly too, but nothing of that leads into quarantine. Failures of a time that
 * has not come yet (the clock was set back) would count for hours: they are let go.
 */
function nextState(before: RestartState, ended: Ended): RestartState {
  const healthy = ended.endedAt - ended.startedAt >= restartPolicy.healthyAfter
  const kept = healthy ? [] : before.failures.filter((at) => at > ended.endedAt - restartPolicy.quarantineWindow && at <= ended.endedAt)
  const failures = ended.lost === true ? kept : [...kept, ended.endedAt]
  return { ...before, failures, streak: healthy ? 1 : before.streak + 1 }
}

/** Where no process left a status, what is known of the failure says more. */
function describeEnd({ code, signal, failure }: Ended): string {
  if (signal !== null) return `killed by ${signal}`
  return code === null ? (failure?.why ?? 'gone, exit status unknown') : `exit ${code}`
}
