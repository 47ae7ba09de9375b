import { acting, type Duty } from './duty.ts'
import { activityOf, holdOf, type AgentState, type Evidence } from './phase.ts'
import { enter, toStopping, witness } from './plan.ts'
import type { Agent, Fallback } from './team.ts'

/** ms */
export const failOverPolicy = {
  /** A runtime that could not be used is not tried again before this. */
  unusableFor: 1_800_000,
} as const

export interface Move {
  /** null: its own runtime. */
  to: Fallback | null
  why: string
  /** Until when the one before cannot work, ms; null: nobody knows; undefined: it can. */
  until: number | null | undefined
  /** The files do not let the one before go on, whatever the next one can. */
  must?: true
}

export interface Circumstances {
  /** What is known of all runtimes of the team: who is out, until when, ms. */
  out: Readonly<Record<string, number | null>>
  /** A limit that is over sooner is waited for: a change of program costs a conversation. */
  afterMs: number
}

/**
 * Whether another runtime is to do the agent's work now: a stand-in while its provider lets it do nothing for long, its own
 * again once it can and there is a pause. Null: all stays as it is.
 */
export function nextMove(agent: Agent, state: AgentState, { out, afterMs }: Circumstances, now: number): Move | null {
  const { duty, phase } = state
  const current = duty?.standIn ?? null
  if (state.wanted !== 'running' || phase.name === 'stopping' || phase.name === 'starting' || holdOf(phase) !== null) return null
  // What the team knows may be newer than what made it move.
  const isOut = (runtime: string): boolean => [out[runtime], duty?.out[runtime]].some((until) => until === null || (until !== undefined && until > now))
  const trouble = troubleOf(state, current !== null, afterMs, now)
  if (trouble !== null) {
    const others = [null, ...agent.fallback].filter((each) => each?.runtime !== current?.runtime)
    const to = others.find((each) => !isOut(each?.runtime ?? agent.runtime))
    return to === undefined ? null : { to, ...trouble }
  }
  if (current === null) return null
  const gone = !agent.fallback.some(({ runtime }) => runtime === current.runtime)
  if (!gone && (isOut(agent.runtime) || activityOf(phase) !== 'idle')) return null
  return { to: null, why: gone ? `${current.runtime} is not a fallback of it any more` : `${agent.runtime} can work again`, until: undefined, ...(gone ? { must: true } : {}) }
}

/** Why who does the work now cannot. A stand-in that does not get on at all makes room too; what the own runtime needs, only a person can mend. */
function troubleOf({ phase }: AgentState, standsIn: boolean, afterMs: number, now: number): Pick<Move, 'why' | 'until'> | null {
  if (phase.name === 'parked' && phase.limit === true) {
    return phase.until === null || phase.until - now >= afterMs ? { why: phase.why, until: phase.until } : null
  }
  if (!standsIn || (phase.name !== 'blocked' && phase.name !== 'quarantined')) return null
  return { why: phase.why, until: now + failOverPolicy.unusableFor }
}

/** What the agents of a team know of their runtimes: who is out of quota, and until when, ms; null: nobody knows. */
export function outOf(agents: readonly Agent[], states: readonly AgentState[], now: number): Record<string, number | null> {
  const found: Record<string, number | null> = {}
  const later = (runtime: string, until: number | null): void => {
    if (until !== null && until <= now) return
    const before = found[runtime]
    found[runtime] = before === null || until === null ? null : Math.max(before ?? 0, until)
  }
  for (const state of states) {
    for (const [runtime, until] of Object.entries(state.duty?.out ?? {})) if (until !== null) later(runtime, until)
    const agent = agents.find(({ address }) => address === state.address)
    if (agent !== undefined && state.phase.name === 'parked' && state.phase.limit === true && state.phase.until !== null) later(acting(agent, state).runtime, state.phase.until)
  }
  return found
}

/** The change of runtime, durable before anything is done. Who runs now ends politely; the next one takes its own conversation up, where it had one. */
export function moved(agent: Agent, state: AgentState, { to, why, until }: Move, at: number): AgentState {
  const [before, after] = [acting(agent, state).runtime, to?.runtime ?? agent.runtime]
  const { [after]: session, ...others } = { ...state.duty?.sessions }
  const { [after]: _free, ...out } = { ...stillOut(state.duty?.out, at), ...(until === undefined ? {} : { [before]: until }) }
  const sessions = state.session === null ? others : { ...others, [before]: state.session }
  const { limits: _limits, turns: _turns, ...restarts } = state.restarts
  const duty: Duty = { standIn: to, from: before, at, why, out, sessions, resumes: session !== undefined, told: false }
  const next = { ...state, restarts: { ...restarts, failures: [], streak: 0 }, duty, session: session ?? null }
  const evidence: Evidence = { at, what: `${after} goes on for ${before}: ${why}`, source: 'fail-over' }
  return state.incarnation === null ? enter(next, { name: 'stopped', why: 'asked', code: null }, evidence) : toStopping(next, evidence, true)
}

/** A candidate that cannot be started here is out for a while; what stands otherwise is not touched. */
export function unusable(agent: Agent, state: AgentState, to: Fallback | null, why: string, at: number): AgentState {
  const runtime = to?.runtime ?? agent.runtime
  const duty = state.duty ?? { standIn: null, from: agent.runtime, at, why, out: {}, sessions: {}, resumes: true, told: true }
  const evidence = { at, what: `${runtime} cannot stand in: ${why}`, source: 'health' }
  return { ...witness(state, evidence), duty: { ...duty, out: { ...duty.out, [runtime]: at + failOverPolicy.unusableFor } } }
}

function stillOut(out: Duty['out'] | undefined, now: number): Record<string, number | null> {
  return Object.fromEntries(Object.entries(out ?? {}).filter(([, until]) => until === null || until > now))
}

/** What the next one is told, in troupe's own name. */
export function handOff(agent: Agent, duty: Duty, contextFile: string): string {
  const now = duty.standIn?.runtime ?? agent.runtime
  const looks = `Look at the state of the work in ${agent.cwd} (git status, git log), at ${contextFile}, and at the mail that is shown to you again`
  if (duty.resumes) return `You are at work again: ${duty.from} did the work of ${agent.address} meanwhile, which is not in your conversation. ${looks}; then go on. If nothing is left to do, do nothing.`
  return `You go on with the work of ${agent.address}: ${duty.from} cannot (${duty.why}), and ${now} takes its place. Its conversation is not known to you. ${looks}; then go on where it was cut off. If nothing is left to do, do nothing.`
}
