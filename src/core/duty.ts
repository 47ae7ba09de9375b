import type { Agent, Fallback } from './team.ts'

/** Who does an agent's work: its own runtime, or another while the provider of that one lets it do nothing. Durable. */
export interface Duty {
  /** Who stands in, as it was started; null: the agent's own runtime, again. */
  standIn: Fallback | null
  /** The runtime before. */
  from: string
  /** Since when, ms. */
  at: number
  why: string
  /** Runtimes that cannot work, until when, ms; null: until a person says so. */
  out: Readonly<Record<string, number | null>>
  /** Conversations of those that are not at work now, by runtime: gone on with when it is their turn again. */
  sessions: Readonly<Record<string, string>>
  /** Who takes over goes on with a conversation of its own. */
  resumes: boolean
  /** It was told what it takes over. */
  told: boolean
}

/** The agent as it runs now. */
export function acting(agent: Agent, { duty }: { duty?: Duty }): Agent {
  return inPlaceOf(agent, duty?.standIn ?? null)
}

/** A person asks for it: what was out is tried again, also where only a person could say that it is over. */
export function nobodyOut<T extends { duty?: Duty }>(state: T): T {
  return state.duty === undefined ? state : { ...state, duty: { ...state.duty, out: {} } }
}

/** What the process of an incarnation was started as. Written down with its launch: files and duty may say otherwise by the time it ends. */
export interface Launched extends Fallback {
  incarnation: string
}

export function launchedAs({ runtime, descriptor, model, mode }: Agent, incarnation: string): Launched {
  return { incarnation, runtime, descriptor, model, mode }
}

/** The agent as this process was started; null where that was not written down, or for another process. */
export function startedAs(agent: Agent, launched: Launched | undefined, incarnation: string): Agent | null {
  if (launched?.incarnation !== incarnation) return null
  const { incarnation: _own, ...as } = launched
  return inPlaceOf(agent, as)
}

export function inPlaceOf(agent: Agent, standIn: Fallback | null): Agent {
  return standIn === null ? agent : { ...agent, ...standIn }
}
