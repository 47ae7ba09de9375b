import { chosenAgents, choose, type Choice } from '../core/choice.ts'
import { resolveAgents } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { nobodyOut } from '../core/duty.ts'
import { TroupeError } from '../core/error.ts'
import { enter, toStopping } from '../core/plan.ts'
import type { AgentState } from '../core/phase.ts'
import { noRestarts } from '../core/restart.ts'
import type { Paths } from '../config/paths.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { Agent } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import { forgetApplied } from './applied.ts'
import type { Agents } from './agents.ts'
import type { Desired } from './desired.ts'
import type { Drain } from './drain.ts'
import type { Reconciler } from './reconciler.ts'
import { tryNow, type Settled, type Settling } from './settling.ts'

export interface LifecycleParts {
  store: Store
  clock: Clock
  agents: Agents
  desired: Desired
  reconciler: Reconciler
  supervisor: Supervisor
  paths: Paths
  drain: Drain
  settling: Settling
}

export interface Stopped {
  agent: string
  took: string
  ms: number
  /** How the time before its end was used; null where it had no process. */
  drain: string | null
}

/** What operators ask of agents' lives. It changes what is wanted; the reconciler does the rest; it waits for that. */
export class Lifecycle {
  readonly #parts: LifecycleParts

  constructor(parts: LifecycleParts) {
    this.#parts = parts
  }

  /** Clears a quarantine, a block and the counters. */
  async start(names: string[], timeoutMs: number, signal: AbortSignal): Promise<Settled> {
    const agents = resolveAgents(this.#parts.desired.team, names)
    const { clock } = this.#parts
    for (const agent of agents) await this.#want(agent, 'start', (state) => ({ ...tryNow(nobodyOut(state), clock.now(), 'start'), restarts: noRestarts }))
    this.#parts.reconciler.wake()
    return await this.#parts.settling.settle(agents, timeoutMs, signal)
  }

  /** `drainMs`: how long a running turn may take; null: as the team says, 0: none. */
  async restart(names: string[], fresh: boolean, drainMs: number | null, timeoutMs: number, signal: AbortSignal): Promise<Settled> {
    const { desired, settling, reconciler } = this.#parts
    const choice = choose(names, [desired.team])
    const agents = chosenAgents(choice, desired.team)
    const before = new Map(agents.map((agent) => [agent.address, this.#parts.agents.get(agent.address).incarnation]))
    for (const incarnation of before.values()) this.#allow(incarnation, drainMs)
    for (const agent of agents) await this.#want(agent, 'restart', (state) => this.#begunAnew(state, fresh))
    for (const [address, incarnation] of before) if (drainMs === 0 && incarnation !== null) await reconciler.endHard(address, incarnation)
    reconciler.wake()
    const settled = await settling.settle(agents, timeoutMs, signal, (state) => state.incarnation !== before.get(state.address) || state.incarnation === null)
    return { ...settled, notices: [...choice.notices, ...settled.notices] }
  }

  async stop(names: string[], drainMs: number | null): Promise<Stopped[]> {
    return await this.#stopAll(this.named(names), drainMs)
  }

  async kill(names: string[]): Promise<Stopped[]> {
    return await this.#stopAll(this.named(names), 0)
  }

  /** Part of the team; the rest and the daemon go on. */
  async downOf(names: string[], drainMs: number | null): Promise<{ stopped: Stopped[]; notices: string[] }> {
    const choice = choose(names, [this.#parts.desired.team])
    return { stopped: await this.#stopAll(this.#ofChoice(choice), drainMs), notices: choice.notices }
  }

  /**
   * Everything that runs, agents that left the team included; then the terminal host itself. Throws `unavailable`
   * where the store cannot be reached: then nothing was ended, or, the hard way, everything was (facts: `ended`).
   */
  async down(drainMs: number | null): Promise<Stopped[]> {
    const { agents, desired } = this.#parts
    const addresses = agents.all().map((state) => state.address)
    const stopped = await this.#stopAll(addresses, drainMs).catch((error: unknown) => this.#withoutStore(error, drainMs === 0))
    await this.#endHost()
    forgetApplied(this.#parts.paths.applied)
    await this.#parts.store.write(async (tx) => {
      await desired.release(tx)
      await tx.journal({ type: 'team.down', subject: 'team', agent: null, data: { agents: stopped.length } })
    })
    desired.released()
    return stopped
  }

  /** Addresses of agents; one that left the team counts as long as its process is there. Throws `unknown`. */
  named(names: string[]): string[] {
    const { agents, desired } = this.#parts
    const leaving = new Set(agents.all().map(({ address }) => address).filter((address) => names.includes(address)))
    const others = names.filter((name) => !leaving.has(name))
    if (names.length > 0 && others.length === 0) return [...leaving]
    return [...leaving, ...resolveAgents(desired.team, others).map(({ address }) => address).filter((address) => !leaving.has(address))]
  }

  #ofChoice(choice: Choice): string[] {
    return chosenAgents(choice, this.#parts.desired.team).map(({ address }) => address)
  }

  /** A person can end agents also while nothing can be written down. */
  async #withoutStore(error: unknown, hard: boolean): Promise<never> {
    if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
    const more = { facts: { ...error.facts, ended: hard }, cause: error }
    if (!hard) {
      throw new TroupeError('unavailable', error.message, { ...more, hint: `${error.hint ?? 'mend that'}; troupe down --hard ends the agents all the same` })
    }
    await this.#endHost()
    throw new TroupeError('unavailable', `the agents were ended, but that cannot be written down: ${error.message}`, {
      ...more,
      hint: 'when it can be: troupe down once more, else the next daemon starts them again',
    })
  }

  /** Nothing may act on terminals while their host ends; if it does not end, the loop goes on. */
  async #endHost(): Promise<void> {
    await this.#parts.reconciler.stop()
    try {
      await this.#parts.supervisor.down()
    } catch (error) {
      this.#parts.reconciler.start()
      throw error
    }
  }

  async #want(agent: Agent, verb: string, change: (state: AgentState) => AgentState): Promise<void> {
    await this.#parts.agents.update(agent.address, (state) => ({ ...change(state), wanted: 'running' }), async (tx) => {
      await tx.journal({ type: `agent.${verb}`, subject: agent.address, agent: agent.address, data: {} })
    })
  }

  #begunAnew(state: AgentState, fresh: boolean): AgentState {
    const at = this.#parts.clock.now()
    const base = { ...nobodyOut(state), restarts: noRestarts, session: fresh ? null : state.session }
    if (state.incarnation === null) return tryNow(base, at, 'restart')
    return toStopping(base, { at, what: 'restart asked for', source: 'operator' }, fresh)
  }

  #allow(incarnation: string | null, drainMs: number | null): void {
    if (incarnation !== null && drainMs !== null) this.#parts.drain.allow(incarnation, drainMs)
  }

  async #stopAll(addresses: string[], drainMs: number | null): Promise<Stopped[]> {
    return await Promise.all(addresses.map((address) => this.#stopOne(address, drainMs)))
  }

  async #stopOne(address: string, drainMs: number | null): Promise<Stopped> {
    const { agents, clock, reconciler, store, settling } = this.#parts
    const hard = drainMs === 0
    const began = clock.elapsed()
    const evidence = { at: clock.now(), what: hard ? 'kill asked for' : 'stop asked for', source: 'operator' }
    this.#allow(agents.get(address).incarnation, drainMs)
    const { incarnation } = await agents.update(address, (state) => {
      const next = { ...state, wanted: 'stopped' as const }
      return state.incarnation === null ? enter(next, { name: 'stopped', why: 'asked', code: null }, evidence) : toStopping(next, evidence)
    })
    if (incarnation === null) return { agent: address, took: 'not running', ms: 0, drain: null }
    const gone = settling.when([address], (state) => state.incarnation !== incarnation)
    if (hard) await reconciler.endHard(address, incarnation)
    else reconciler.wake()
    await gone
    const [end] = await store.read((db) => db.events.recent({ agent: address, type: 'agent.ended', limit: 1 }))
    const drain = end?.data['drain']
    return { agent: address, took: String(end?.data['took'] ?? 'gone'), ms: Math.round(clock.elapsed() - began), drain: typeof drain === 'string' ? drain : null }
  }
}
