import type { Clock } from '../core/clock.ts'
import { enter, onEnded, toStopping, type Action } from '../core/plan.ts'
import type { Supervisor } from '../core/supervisor.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Front } from './daemon.ts'
import type { Drain } from './drain.ts'
import type { Launching } from './launching.ts'
import type { Sessions } from './sessions.ts'

/** What a process gets to end after it was asked to, though its time was used up by a turn that was waited for. ms */
const leastGrace = 2_000

export interface EndingParts {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  supervisor: Supervisor
  launching: Launching
  drain: Drain
  team(): Team
  /** Agents that are not in the team any more. */
  leaving(): Agent[]
  front(): Front
  jitter(): number
  report(what: string, error: unknown): void
}

type Of<Do extends Action['do']> = Extract<Action, { do: Do }>

/** Ends incarnations, and writes down how they ended. */
export class Ending {
  readonly #parts: EndingParts
  /** To be ended without a polite word. */
  readonly #hard = new Set<string>()

  constructor(parts: EndingParts) {
    this.#parts = parts
  }

  /** From now on it is ended the hard way; a polite stop under way (`begun`) is overtaken. */
  async hard(incarnation: string, begun: boolean): Promise<void> {
    this.#hard.add(incarnation)
    this.#parts.drain.cut(incarnation)
    if (begun) await this.#parts.supervisor.stop(incarnation, { polite: 'signal', graceMs: 0 })
  }

  async stop(action: Of<'stop'>): Promise<void> {
    const { agents, supervisor, sessions, clock, drain } = this.#parts
    const { address, incarnation } = action
    const isHard = (): boolean => this.#hard.has(incarnation)
    const asked = { at: clock.now(), what: 'stop asked for', source: 'operator' }
    const { phase, evidence } = await agents.update(address, (state) => (state.phase.name === 'stopping' ? state : toStopping(state, asked)))
    if (!isHard()) await this.#takeUp(action, phase)
    const spent = isHard() ? null : await drain.before(address, incarnation, evidence.at(-1)?.what ?? 'a stop')
    if (spent?.how === 'left') return
    const polite = sessions.get(incarnation)?.session.farewell() ?? 'signal'
    const graceMs = isHard() || spent === null || spent.of <= 0 ? 0 : Math.max(spent.left, leastGrace)
    const record = await supervisor.stop(incarnation, { polite, graceMs })
    this.#hard.delete(incarnation)
    const how = { took: record.took, ms: record.ms, stragglers: record.stragglers.length, ...(spent === null ? {} : { drain: spent.how }) }
    await this.recordEnd(address, incarnation, record, how)
  }

  /** A daemon that finds a stop half done does the rest as well: it looks after the process first, to see its turn end. */
  async #takeUp({ address, incarnation, pane, pid }: Of<'stop'>, phase: { name: string; during?: unknown }): Promise<void> {
    const { sessions, launching, report } = this.#parts
    const agent = this.#agent(address) ?? this.#parts.leaving().find((each) => each.address === address)
    if (agent === undefined || phase.during === undefined || sessions.get(incarnation) !== undefined) return
    // It is ended all the same, only less politely.
    await launching.adopt(agent, incarnation, { pane, pid }).catch((error: unknown) => report(`taking up ${address} before its end`, error))
  }

  /**
   * The exit status is durable before the dead terminal that shows it is removed, and what the process left behind
   * is ended before: once its end is written down nobody looks for it any more.
   */
  async recordEnd(
    address: string,
    incarnation: string,
    exit: { code: number | null; signal: string | null; lost?: boolean },
    how: Record<string, unknown> = {},
  ): Promise<void> {
    const { agents, sessions, store, clock } = this.#parts
    const row = await store.read((db) => db.incarnations.get(incarnation))
    sessions.close(incarnation)
    const ended = { code: exit.code, signal: exit.signal, endedAt: clock.now(), failure: null }
    await agents.update(
      address,
      (state) => onEnded(state, this.#agent(address), { ...ended, lost: exit.lost === true, startedAt: row?.startedAt ?? ended.endedAt }, this.#parts.jitter()),
      async (tx) => {
        await tx.incarnations.update(incarnation, { ended })
        const data = { incarnation, code: exit.code, signal: exit.signal, ...how }
        await tx.journal({ type: 'agent.ended', subject: address, agent: address, data })
      },
    )
    await this.#parts.front().endpoints.close(incarnation)
    await this.#parts.supervisor.clear(incarnation)
  }

  async forgetLaunch(address: string, incarnation: string): Promise<void> {
    const { agents, clock, supervisor } = this.#parts
    await supervisor.sweep(incarnation)
    const at = clock.now()
    await agents.update(
      address,
      (state) =>
        enter({ ...state, incarnation: null }, { name: 'stopped', why: 'never', code: null }, { at, what: 'the launch was cut short', source: 'daemon' }),
      async (tx) => {
        await tx.incarnations.update(incarnation, { ended: { code: null, signal: null, endedAt: at, failure: null } })
        await tx.journal({ type: 'agent.launch-forgotten', subject: address, agent: address, data: { incarnation } })
      },
    )
  }

  async orphan(address: string, incarnation: string): Promise<void> {
    const { took } = await this.#parts.supervisor.stop(incarnation, { polite: 'signal', graceMs: 0 })
    await this.#parts.store.write((tx) =>
      tx.journal({ type: 'agent.orphan-ended', subject: address, agent: address, data: { incarnation, took } }),
    )
  }

  #agent(address: string): Agent | undefined {
    return findAgent(this.#parts.team(), address)
  }
}
