import { afterCutTurn } from './cut-turn.ts'
import { parkedUntil, type QuotaPolicy } from './limit-hit.ts'
import { afterEnd, noRestarts, type Ended } from './restart.ts'
import type { Agent } from './team.ts'
import type { Stop } from './budget.ts'
import { activityOf, holdOf, type AgentState, type Evidence, type Phase } from './phase.ts'
import type { Observed } from './supervisor.ts'
import type { Signal } from './runtime.ts'

/** What the reconciler does next. One action per agent and process at a time. */
export type Action =
  | { do: 'launch'; address: string }
  /** The process of the current incarnation is gone: write down how it ended, then decide. */
  | { do: 'record-end'; address: string; incarnation: string; code: number | null; signal: string | null; lost: boolean }
  /** It was written down but never started (the daemon died in between): forget it, without blame. */
  | { do: 'forget-launch'; address: string; incarnation: string }
  | { do: 'stop'; address: string; incarnation: string; pane: string; pid: number }
  | { do: 'adopt'; address: string; incarnation: string; pane: string; pid: number }
  /** The time it was parked until has come, and its process is still there. */
  | { do: 'unpark'; address: string; incarnation: string }
  /** What it may cost is used up: its turn ends now, and it is not started. */
  | { do: 'hold'; address: string; stop: Stop }
  /** The ceiling does not hold any longer. */
  | { do: 'release'; address: string }
  /** A process that belongs to no current incarnation. */
  | { do: 'end-orphan'; address: string; incarnation: string }
  /** What is left of an ended process. */
  | { do: 'clear'; address: string; incarnation: string }
  /** An agent that left the team, with nothing running any more. */
  | { do: 'forget-agent'; address: string }

export interface Known {
  state: AgentState
  /** Of its back-off, if it is in one: ms, 0 or below once it is over. */
  backoffLeft: number | null
  /** The terminal exists, as far as the store knows: the launch came that far. */
  launched: boolean
  /** A session watches the current incarnation. */
  watched: boolean
  /** What it may cost is used up. */
  stop: Stop | null
}

/** The whole decision. `observed` is a complete list: the caller does not plan when the supervisor cannot tell. */
export function plan(agents: readonly Agent[], known: readonly Known[], observed: readonly Observed[], now: number): Action[] {
  const declared = new Set(agents.map((agent) => agent.address))
  const actions: Action[] = []
  const claimed = new Set<string>()
  for (const each of known) {
    const { incarnation, address } = each.state
    if (incarnation === null) {
      if (!declared.has(address)) actions.push({ do: 'forget-agent', address })
      else if (shouldHold(each, now)) actions.push({ do: 'hold', address, stop: each.stop })
      else if (shouldLaunch(each, now)) actions.push({ do: 'launch', address })
      continue
    }
    claimed.add(incarnation)
    const seen = observed.find((process) => process.incarnation === incarnation)
    const action = forIncarnation(each, seen, declared.has(address), now)
    if (action !== null) actions.push(action)
  }
  for (const process of observed) {
    if (claimed.has(process.incarnation)) continue
    const { address, incarnation } = process
    actions.push({ do: process.state.alive ? 'end-orphan' : 'clear', address, incarnation })
  }
  return actions
}

function forIncarnation(known: Known, seen: Observed | undefined, declared: boolean, now: number): Action | null {
  const { address, incarnation, wanted, phase } = known.state
  if (incarnation === null) return null
  if (seen === undefined) {
    if (!known.launched) return { do: 'forget-launch', address, incarnation }
    return { do: 'record-end', address, incarnation, code: null, signal: null, lost: true }
  }
  if (!seen.state.alive) return { do: 'record-end', address, incarnation, code: seen.state.code, signal: seen.state.signal, lost: false }
  if (wanted === 'stopped' || phase.name === 'stopping' || !declared) return { do: 'stop', address, incarnation, pane: seen.pane, pid: seen.pid }
  if (!known.watched) return { do: 'adopt', address, incarnation, pane: seen.pane, pid: seen.pid }
  if (shouldHold(known, now)) return { do: 'hold', address, stop: known.stop }
  if (isOver(known)) return { do: 'release', address }
  if (phase.name === 'parked' && phase.hold === undefined && phase.until !== null && phase.until <= now) return { do: 'unpark', address, incarnation }
  return null
}

/** Not while it starts: what begins cannot be interrupted. Again where another ceiling, or another day's, is in the way now. */
function shouldHold(known: Known, now: number): known is Known & { stop: Stop } {
  const { state, stop } = known
  const { phase, incarnation, wanted } = state
  if (stop === null || wanted !== 'running') return false
  if (phase.name !== 'parked') return incarnation === null ? shouldLaunch(known, now) : ['idle', 'busy', 'waiting'].includes(phase.name)
  if (phase.hold === undefined) return phase.until !== null && phase.until <= now
  return phase.hold.by === 'budget' && (phase.until !== stop.until || phase.hold.rule !== stop.limit.rule)
}

function isOver({ state: { phase }, stop }: Known): boolean {
  return stop === null && holdOf(phase)?.by === 'budget'
}

function shouldLaunch(known: Known, now: number): boolean {
  const { state, backoffLeft } = known
  if (state.wanted !== 'running') return false
  if (holdOf(state.phase) !== null) return isOver(known)
  switch (state.phase.name) {
    case 'stopped':
      return state.phase.why === 'never' || state.phase.why === 'asked'
    case 'backoff':
      return backoffLeft !== null && backoffLeft <= 0
    case 'parked':
      return state.phase.until !== null && state.phase.until <= now
    default:
      return false
  }
}

/** When to look again although nothing happened: ms until the nearest end of a back-off or a parking. */
export function nextDue(known: readonly Pick<Known, 'state' | 'backoffLeft'>[], now: number): number | null {
  const waits = known.flatMap(({ state: { wanted, phase }, backoffLeft }) => {
    if (wanted !== 'running') return []
    if (backoffLeft !== null) return [backoffLeft]
    return phase.name === 'parked' && phase.until !== null ? [phase.until - now] : []
  })
  return waits.length === 0 ? null : Math.min(...waits)
}

/** Evidence is kept short: the newest twenty lines. */
const evidenceKept = 20

export function newState(address: string, now: number): AgentState {
  return {
    address,
    wanted: 'stopped',
    phase: { name: 'stopped', why: 'never', code: null },
    since: now,
    evidence: [],
    incarnation: null,
    restarts: noRestarts,
    session: null,
  }
}

export function enter(state: AgentState, phase: Phase, evidence: Evidence): AgentState {
  const same = JSON.stringify(phase) === JSON.stringify(state.phase)
  return { ...witness(state, evidence), phase, since: same ? state.since : evidence.at }
}

export function witness(state: AgentState, evidence: Evidence): AgentState {
  return { ...state, evidence: [...state.evidence, evidence].slice(-evidenceKept) }
}

/** Told to go. What it does is followed on, so that a turn can end; with `fresh` its conversation is not gone on with. */
export function toStopping(state: AgentState, evidence: Evidence, fresh = false): AgentState {
  const during = activityOf(state.phase)
  const anew = fresh || (state.phase.name === 'stopping' && state.phase.fresh === true)
  return enter(state, { name: 'stopping', ...(during === null ? {} : { during }), ...(anew ? { fresh: true } : {}) }, evidence)
}

/** Only a process that was at work has something to bring to its end. */
function whileStopping(state: AgentState, phase: Phase & { name: 'stopping' }, signal: Signal): AgentState {
  if (phase.during === undefined || (signal.type !== 'idle' && signal.type !== 'busy' && signal.type !== 'waiting')) return state
  return enter(state, { ...phase, during: signal.type }, signal.evidence)
}

/** Half an hour, and then on: as where the team's files say nothing. */
const usualQuota: QuotaPolicy = { waits: true, fallbackMs: 1_800_000 }

/**
 * What the runtime saw. A stopping agent stays stopping whatever it says. `jitter` in [0, 1) is for waits that follow,
 * `quota` says what a used-up limit leads to.
 */
export function onSignal(state: AgentState, signal: Signal, jitter = 0, quota = usualQuota): AgentState {
  const { phase } = state
  if (signal.type === 'session') return witness(phase.name === 'stopping' && phase.fresh === true ? state : { ...state, session: signal.id }, signal.evidence)
  if (signal.type === 'note' || signal.type === 'result') return witness(state, signal.evidence)
  if (state.incarnation === null) return state
  if (phase.name === 'stopping') return whileStopping(state, phase, signal)
  switch (signal.type) {
    case 'ready':
      return phase.name === 'starting' ? enter(state, { name: 'idle' }, signal.evidence) : state
    case 'idle':
      // A turn that failed ends idle: only a new turn shows that the cause is gone.
      if (phase.name === 'parked' || phase.name === 'blocked') return witness(state, signal.evidence)
      return enter(state, { name: 'idle' }, signal.evidence)
    case 'busy':
      // Whoever keeps it from working ends that turn too.
      return holdOf(state.phase) === null ? enter(state, { name: 'busy' }, signal.evidence) : witness(state, signal.evidence)
    case 'waiting':
      if (holdOf(state.phase) !== null) return witness(state, signal.evidence)
      return enter(state, { name: 'waiting', what: signal.what, ...fixOf(signal) }, signal.evidence)
    case 'failure':
      return onFailure(state, signal, jitter, quota)
    default:
      return state
  }
}

function onFailure(state: AgentState, signal: Signal & { type: 'failure' }, jitter: number, quota: QuotaPolicy): AgentState {
  if (isKnown(state, signal.evidence)) return state
  if (holdOf(state.phase) !== null) return witness(state, signal.evidence)
  switch (signal.class) {
    case 'auth':
    case 'config':
      return enter(state, { name: 'blocked', why: signal.why, ...fixOf(signal) }, signal.evidence)
    case 'quota':
      return onLimit(state, signal, quota)
    case 'transient':
      return onCutTurn(state, signal, jitter)
    default:
      return witness(state, signal.evidence)
  }
}

/** Where nothing waits for the reset, nobody tells it to go on: it is free again then, for the mail that comes. */
function onLimit(state: AgentState, signal: Signal & { type: 'failure' }, quota: QuotaPolicy): AgentState {
  const { until, hits } = parkedUntil({ at: signal.evidence.at, resetsAt: signal.until }, quota, state.restarts.limits)
  return enter({ ...state, restarts: { ...state.restarts, limits: hits } }, { name: 'parked', until, why: signal.why, ...fixOf(signal), ...(quota.waits ? { cut: true } : {}), limit: true }, signal.evidence)
}

/** Each daemon reads a transcript anew: what stands there may have been taken, and acted upon, long ago. */
function isKnown({ evidence }: AgentState, { at, what, source }: Evidence): boolean {
  return source === 'transcript' && evidence.some((each) => each.what === what && each.at >= at)
}

/** The turn was asked for: it is not lost because the model's API was away. */
function onCutTurn(state: AgentState, { why, evidence }: Signal & { type: 'failure' }, jitter: number): AgentState {
  const { turns, until } = afterCutTurn(state.restarts.turns, evidence.at, jitter)
  const then = until === null ? 'in a row; it is not told to go on again)' : 'in a row; it is told to go on)'
  return enter({ ...state, restarts: { ...state.restarts, turns } }, { name: 'parked', until, why: `${why} (${turns.count} ${then}`, cut: true }, evidence)
}

function fixOf({ fix }: { fix?: string }): { fix?: string } {
  return fix === undefined ? {} : { fix }
}

/** The process is gone. An end that was asked for costs nothing; any other goes through the restart policy. */
export function onEnded(state: AgentState, agent: Pick<Agent, 'restart'> | undefined, ended: Ended, jitter: number): AgentState {
  const gone = { ...state, incarnation: null }
  const evidence = { at: ended.endedAt, what: endText(ended), source: 'process' }
  if (state.phase.name === 'stopping' && state.phase.held !== undefined && state.wanted === 'running' && agent !== undefined) return enter(gone, state.phase.held, evidence)
  if (state.phase.name === 'stopping' || state.wanted === 'stopped' || agent === undefined) {
    return enter(gone, { name: 'stopped', why: 'asked', code: ended.code }, evidence)
  }
  // Not for its end: who was kept from working stays so.
  if (holdOf(state.phase) !== null) return witness(gone, evidence)
  const decision = afterEnd(agent.restart, state.restarts, { ...ended, failure: ended.failure ?? knownFailure(state.phase) }, jitter)
  const next = { ...gone, restarts: decision.state }
  switch (decision.do) {
    case 'restart':
      return enter(next, { name: 'backoff', until: decision.at }, evidence)
    case 'stop':
      return enter(next, { name: 'stopped', why: decision.why, code: decision.code }, evidence)
    case 'quarantine':
      return enter(next, { name: 'quarantined', why: decision.why }, evidence)
    case 'block':
      return enter(next, { name: 'blocked', why: decision.why, ...fixOf(decision) }, evidence)
    case 'park':
      return enter(next, { name: 'parked', until: decision.until, why: decision.why, ...fixOf(decision), ...cutOf(state.phase), ...limitOf(state.phase, ended) }, evidence)
  }
}

/** An agent that was told of its limit by its end alone waits to be told to go on. */
function cutOf(phase: Phase): { cut?: true } {
  return phase.name === 'parked' && phase.cut !== true ? {} : { cut: true }
}

/** Its end told of the limit, or it was parked for one before. */
function limitOf(phase: Phase, { failure }: Ended): { limit?: true } {
  return failure?.class === 'quota' || (phase.name === 'parked' && phase.limit === true) ? { limit: true } : {}
}

/** What kept it from its work when it ended: written down with the phase, so that any daemon decides alike. */
function knownFailure(phase: Phase): Ended['failure'] {
  if (phase.name === 'parked') return { class: 'quota', why: phase.why, until: phase.until, ...fixOf(phase) }
  return phase.name === 'blocked' ? { class: 'config', why: phase.why, until: null, ...fixOf(phase) } : null
}

function endText(ended: Ended): string {
  if (ended.signal !== null) return `the process was ended by ${ended.signal}`
  if (ended.lost === true) return 'the process is gone with its terminal, its exit status is unknown'
  if (ended.code === null) return ended.failure?.why ?? 'the process is gone, its exit status is unknown'
  return `the process ended with exit ${ended.code}`
}
