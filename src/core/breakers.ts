/**
 * Stops an agent that works at nothing: many model calls and no deed, more calls than anybody at work makes, more
 * subagents than were asked for. What it costs does not matter here. Changes nothing but itself.
 */
export interface BreakerSettings {
  enabled: boolean
  /** Model calls of one agent with its subagents, on average over ten minutes. */
  callsPerMinute: number
  /** Model calls within an hour since a tool other than the team's was used with success, or a person said something. */
  callsWithoutWork: number
  /** Of one agent. */
  subagentsAtOnce: number
  subagentsPerRun: number
  /** Subagents may have subagents of their own. */
  nestedSubagents: boolean
}

/** Above what agents at work do, with subagents too; below what runs away unseen overnight. */
export const defaultBreakers: BreakerSettings = { enabled: true, callsPerMinute: 60, callsWithoutWork: 200, subagentsAtOnce: 10, subagentsPerRun: 100, nestedSubagents: false }

/** `rule`: the limit by its word in team-compose.yaml. */
export interface Trip {
  rule: string
  why: string
}

const rateMs = 10 * 60_000
const progressMs = 60 * 60_000

interface Watched {
  /** Times of model calls within the rate's window, ms. */
  calls: number[]
  /** Those since the last deed, within its window. */
  idle: number[]
  run: string
  spawned: number
  subagents: Set<string>
}

export class Breakers {
  readonly #watched = new Map<string, Watched>()

  /** One model call, at its time. A trip is said once: what it counted begins anew. */
  called(agent: string, run: string, at: number, settings: BreakerSettings): Trip | null {
    const watched = this.#of(agent, run)
    watched.calls = [...watched.calls.filter((each) => each > at - rateMs), at]
    watched.idle = [...watched.idle.filter((each) => each > at - progressMs), at]
    if (!settings.enabled) return null
    const trip = tripOf(watched, settings)
    if (trip !== null) this.forget(agent)
    return trip
  }

  /** A deed of its own, or a word of a person. */
  worked(agent: string): void {
    const watched = this.#watched.get(agent)
    if (watched !== undefined) watched.idle = []
  }

  /** A person lets it go on. */
  forget(agent: string): void {
    const watched = this.#watched.get(agent)
    if (watched !== undefined) Object.assign(watched, { calls: [], idle: [] })
  }

  /** A subagent is asked for: counted, or refused. */
  spawn(agent: string, run: string, nested: boolean, settings: BreakerSettings): Trip | null {
    const watched = this.#of(agent, run)
    const refusal = settings.enabled ? refusalOf(watched, nested, settings) : null
    if (refusal === null) watched.spawned += 1
    return refusal
  }

  subagent(agent: string, run: string, id: string, running: boolean): void {
    const { subagents } = this.#of(agent, run)
    if (running) subagents.add(id)
    else subagents.delete(id)
  }

  /** That are at work now. */
  subagents(agent: string): number {
    return this.#watched.get(agent)?.subagents.size ?? 0
  }

  #of(agent: string, run: string): Watched {
    const known = this.#watched.get(agent)
    if (known?.run === run) return known
    const fresh: Watched = { calls: known?.calls ?? [], idle: known?.idle ?? [], run, spawned: 0, subagents: new Set() }
    this.#watched.set(agent, fresh)
    return fresh
  }
}

function tripOf({ calls, idle }: Watched, { callsPerMinute, callsWithoutWork }: BreakerSettings): Trip | null {
  if (idle.length > callsWithoutWork) {
    return { rule: 'breakers.calls_without_work', why: `${idle.length} model calls within an hour in which it did nothing but talk` }
  }
  const allowed = callsPerMinute * (rateMs / 60_000)
  return calls.length > allowed ? { rule: 'breakers.calls_per_minute', why: `${calls.length} model calls within ten minutes, ${allowed} are allowed` } : null
}

function refusalOf({ spawned, subagents }: Watched, nested: boolean, settings: BreakerSettings): Trip | null {
  if (nested && !settings.nestedSubagents) return { rule: 'breakers.nested_subagents', why: 'a subagent may not have subagents of its own' }
  if (subagents.size >= settings.subagentsAtOnce) return { rule: 'breakers.subagents_at_once', why: `${subagents.size} subagents are at work, ${settings.subagentsAtOnce} are allowed at once` }
  if (spawned < settings.subagentsPerRun) return null
  return { rule: 'breakers.subagents_per_run', why: `it had ${spawned} subagents in this run, ${settings.subagentsPerRun} are allowed` }
}
