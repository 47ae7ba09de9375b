import type { Delivery } from './delivery.ts'
import { holdOf, type AgentState } from './phase.ts'
import type { Mode } from './team.ts'
import { isHeldUp, isInterrupted, type Confidence, type Task } from './task.ts'

/** How far a worker is with its task, and how that is known. */
export interface Verdict {
  state: 'unknown' | 'working' | 'waiting' | 'done' | 'failed'
  /** In words: why, or what was seen. */
  what: string
  confidence: Confidence
  /** The signal it was taken from: `tool`, `process`, `hook`, `protocol`, `screen`, … */
  source: string
  /** When that was, ms. */
  since: number
  /** It goes on only when somebody does something. */
  person: boolean
}

/** Everything a verdict rests on. */
export interface WorkFacts {
  mode: Mode
  agent: Pick<AgentState, 'phase' | 'since' | 'evidence' | 'wanted' | 'incarnation'>
  /** Of the message that carries the task; null before it is sent, and where a process was started with the task. */
  delivery: Pick<Delivery, 'state' | 'typed' | 'deliveredAt' | 'ackedAt' | 'incarnation' | 'reason'> | null
  /** What the worker said of it by its tools. */
  said: { state: 'done' | 'failed'; text: string; at: number } | null
}

type Before = Pick<Task, 'startedAt' | 'state' | 'changedAt' | 'evidence'>

/** Idle for this long with the task before it, and no turn was seen: the turn was over before anybody looked. ms */
export const silenceMs = 15_000

/**
 * Is it done? The worker's own word first, then its process, then the end of the turn that had the task before it, as hook,
 * protocol or record told it; the screen comes last, and what it shows is never read for words that mean an end. No fact
 * says that a task is done before the worker had it.
 */
export function judgeWork(task: Before, facts: WorkFacts, now: number): Verdict {
  const { said, agent, delivery, mode } = facts
  if (said !== null) return { state: said.state, what: said.text, confidence: 'certain', source: 'tool', since: said.at, person: false }
  if (delivery?.state === 'dead') return verdictOf(agent, 'failed', `it never reached its worker: ${delivery.reason ?? 'the message was given up'}`, 'certain', 'delivery')
  if (isStillToCome(task, facts)) return verdictOf(agent, 'unknown', 'it has not come to its worker yet', 'high')
  if (isInterrupted(task) && !hasBegunAnew(task, facts)) return verdictOf(agent, 'unknown', 'its turn was interrupted', 'high')
  const { phase } = agent
  switch (phase.name) {
    case 'stopped':
      return ofEnd(facts)
    case 'quarantined':
      return verdictOf(agent, 'failed', `its worker is in quarantine: ${phase.why}`, 'high')
    case 'blocked':
      return { ...verdictOf(agent, 'waiting', phase.why, 'high'), person: true }
    case 'parked':
      return { ...verdictOf(agent, 'waiting', phase.why, 'high'), person: phase.until === null || holdOf(phase)?.by === 'breaker' }
    case 'waiting':
      return { ...verdictOf(agent, 'waiting', phase.what, 'high'), person: true }
    case 'backoff':
      return verdictOf(agent, 'waiting', 'its worker ended and starts again', 'high')
    case 'starting':
    case 'stopping':
      return verdictOf(agent, 'unknown', `its worker is ${phase.name}`, 'high')
    case 'busy':
      return hasIt(facts) ? { ...verdictOf(agent, 'working', 'at work', 'high'), since: startOf(task, facts) } : verdictOf(agent, 'unknown', 'it has not come to its worker yet', 'high')
    case 'idle':
      return mode === 'oneshot' ? verdictOf(agent, 'working', 'its process runs', 'high') : ofIdle(task, facts, now)
  }
}

/** It stands before this run of the worker: proved, or typed where nothing can prove it. A one-shot process begins with it. */
function hasIt({ mode, delivery, agent }: WorkFacts): boolean {
  if (mode === 'oneshot') return true
  if (delivery === null) return false
  return delivery.incarnation === agent.incarnation && (delivery.typed || delivery.state === 'delivered' || delivery.state === 'acked')
}

function startOf({ startedAt }: Before, { agent, delivery }: WorkFacts): number {
  return startedAt ?? delivery?.deliveredAt ?? agent.since
}

/** Who was in quarantine, stopped or at rest before it was given the task is started for it: that says nothing of the task. */
function isStillToCome(task: Before, { agent, delivery }: WorkFacts): boolean {
  if (isHeldUp(task)) return true
  const { name } = agent.phase
  return task.state.name === 'assigned' && task.startedAt === null && agent.since < task.changedAt && (delivery === null || name === 'stopped')
}

/** In another turn than the one that was cut short, or in none of which an end could be told. */
function hasBegunAnew({ evidence }: Before, { agent: { phase, since } }: WorkFacts): boolean {
  return phase.name !== 'idle' && !((phase.name === 'busy' || phase.name === 'waiting') && since <= (evidence.at(-1)?.at ?? 0))
}

function ofEnd({ agent, mode }: WorkFacts): Verdict {
  const { phase } = agent
  if (phase.name !== 'stopped') throw new TypeError('only of an agent that is stopped')
  if (phase.why === 'failed') return verdictOf(agent, 'failed', phase.code === null ? 'its process ended, how is not known' : `its process ended with exit ${phase.code}`, 'certain', 'process')
  if (phase.why === 'done' && mode === 'oneshot') return verdictOf(agent, 'done', 'its process ended with exit 0', 'certain', 'process')
  if (phase.why === 'done') return verdictOf(agent, 'failed', 'its worker left before the turn with it was over', 'high', 'process')
  if (agent.wanted === 'running') return verdictOf(agent, 'unknown', 'its worker is about to start', 'high')
  return { ...verdictOf(agent, 'waiting', 'its worker is stopped', 'high', 'process'), person: true }
}

/** What ends by the daemon's own reckoning: a wait for a limit, a ceiling, what a person let go on. */
const freeing = new Set(['clock', 'budget', 'operator'])

/** Idle since something that kept it from working is over, and not since the end of a turn: what was cut off is gone on with. */
export function isFreed(agent: WorkFacts['agent']): boolean {
  return agent.phase.name === 'idle' && freeing.has(sourceOf(agent))
}

/** Idle counts only from after this run of the worker had it: an idle that began before is the one in which it was handed over. */
function ofIdle(task: Before, facts: WorkFacts, now: number): Verdict {
  const { agent, delivery } = facts
  if (delivery === null || !hasIt(facts)) return verdictOf(agent, 'unknown', 'it has not come to its worker yet', 'high')
  const start = Math.max(task.startedAt ?? 0, delivery.deliveredAt ?? 0)
  const source = sourceOf(agent)
  if (isFreed(agent)) return verdictOf(agent, 'working', 'it may go on with a turn that was cut off', 'high', source)
  if (start > 0 && agent.since >= start) return verdictOf(agent, 'done', 'the turn with it is over', source === 'screen' ? 'low' : 'high', source)
  const quiet = (since: number): boolean => now - since >= silenceMs
  // Who acknowledges is in a turn, whether that was heard of or not: it is over once nothing more comes of it.
  if (delivery.state === 'acked' && quiet(delivery.ackedAt ?? start)) return verdictOf(agent, 'done', 'its worker acknowledged it and is idle', 'high', 'tool')
  if (delivery.deliveredAt === null) return verdictOf(agent, 'unknown', 'it was typed, and nothing shows yet that it was taken up', 'low')
  if (delivery.state !== 'acked' && quiet(delivery.deliveredAt)) return { ...verdictOf(agent, 'done', 'it is before its worker, which is idle', 'low', 'silence'), since: now }
  return { ...verdictOf(agent, 'working', 'it is before its worker', 'high', 'delivery'), since: delivery.deliveredAt }
}

function verdictOf(agent: WorkFacts['agent'], state: Verdict['state'], what: string, confidence: Confidence, source = sourceOf(agent)): Verdict {
  return { state, what, confidence, source, since: agent.since, person: false }
}

/** The signal behind the phase that it is in. */
function sourceOf({ evidence, since }: WorkFacts['agent']): string {
  return (evidence.findLast(({ at }) => at === since) ?? evidence.at(-1))?.source ?? 'daemon'
}
