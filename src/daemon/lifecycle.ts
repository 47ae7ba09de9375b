import { resolveAgents } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { enter } from '../core/plan.ts'
import { phaseDetail, type AgentState } from '../core/phase.ts'
import { noRestarts } from '../core/restart.ts'
import type { Health } from '../core/runtime.ts'
import type { Paths } from '../config/paths.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { Agent, Broker, Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import { checkBroker, forgetApplied, writeApplied } from './applied.ts'
import type { Agents } from './agents.ts'
import type { Front } from './daemon.ts'
import { fingerprint, type Desired } from './desired.ts'
import type { Reconciler } from './reconciler.ts'

export interface LifecycleParts {
  store: Store
  clock: Clock
  agents: Agents
  desired: Desired
  reconciler: Reconciler
  supervisor: Supervisor
  /** Of the store that is open. */
  broker: Broker
  paths: Paths
  /** argv of the stdio program for the team's tools. */
  shim: string[]
  healthOf(agent: Agent): Promise<Health>
  front(): Front
}

export interface Settled {
  ok: boolean
  agents: Agent[]
  troubles: Trouble[]
  notices: string[]
}

/** Why an agent is not up, and what a person can do. */
export interface Trouble {
  agent: string
  why: string
  fix: string
}

export interface Stopped {
  agent: string
  took: string
  ms: number
}

/** What operators ask of agents' lives. It changes what is wanted; the reconciler does the rest; it waits for that. */
export class Lifecycle {
  readonly #parts: LifecycleParts

  constructor(parts: LifecycleParts) {
    this.#parts = parts
  }

  /** A config error or an unknown name throws before anything changes. A quarantined agent is left alone, and said. */
  async up(names: string[], rehearsal: string | null, env: Record<string, string>, timeoutMs: number, signal: AbortSignal): Promise<Settled> {
    const { desired, clock } = this.#parts
    const standIns: string[] = []
    const team = await desired.apply(async (read) => {
      checkBroker(this.#parts.broker, read.broker)
      if (rehearsal !== null) this.#checkNoneAtWork()
      resolveAgents(read, names)
      const wanted = rehearsal === null ? read : { ...read, rehearsal }
      return wanted.rehearsal === null ? wanted : await this.#cast(wanted, standIns)
    })
    writeApplied(this.#parts.paths, team, clock.now(), this.#parts.shim)
    this.#parts.front().held.put({ at: clock.now(), env })
    const agents = resolveAgents(team, names)
    await Promise.all(agents.map((agent) => this.#want(agent, 'up', (state) => (state.phase.name === 'quarantined' ? state : tryNow(state, clock.now(), 'up')))))
    this.#parts.reconciler.wake()
    const settled = await this.#settle(agents, timeoutMs, signal)
    return { ...settled, notices: [...standIns, ...(await this.#outdated(agents, team))] }
  }

  /** Clears a quarantine, a block and the counters. */
  async start(names: string[], timeoutMs: number, signal: AbortSignal): Promise<Settled> {
    const agents = resolveAgents(this.#parts.desired.team, names)
    const { clock } = this.#parts
    for (const agent of agents) await this.#want(agent, 'start', (state) => ({ ...tryNow(state, clock.now(), 'start'), restarts: noRestarts }))
    this.#parts.reconciler.wake()
    return await this.#settle(agents, timeoutMs, signal)
  }

  async restart(names: string[], fresh: boolean, timeoutMs: number, signal: AbortSignal): Promise<Settled> {
    const agents = resolveAgents(this.#parts.desired.team, names)
    const before = new Map(agents.map((agent) => [agent.address, this.#parts.agents.get(agent.address).incarnation]))
    for (const agent of agents) await this.#want(agent, 'restart', (state) => this.#begunAnew(state, fresh))
    this.#parts.reconciler.wake()
    return await this.#settle(agents, timeoutMs, signal, (state) => state.incarnation !== before.get(state.address) || state.incarnation === null)
  }

  async stop(names: string[]): Promise<Stopped[]> {
    return await this.#stopAll(resolveAgents(this.#parts.desired.team, names).map((agent) => agent.address), false)
  }

  async kill(names: string[]): Promise<Stopped[]> {
    return await this.#stopAll(resolveAgents(this.#parts.desired.team, names).map((agent) => agent.address), true)
  }

  /**
   * Everything that runs, agents that left the team included; then the terminal host itself. Throws `unavailable`
   * where the store cannot be reached: then nothing was ended, or, the hard way, everything was (facts: `ended`).
   */
  async down(hard: boolean): Promise<Stopped[]> {
    const addresses = this.#parts.agents.all().map((state) => state.address)
    const stopped = await this.#stopAll(addresses, hard).catch((error: unknown) => this.#withoutStore(error, hard))
    await this.#endHost()
    forgetApplied(this.#parts.paths.applied)
    await this.#parts.store.write((tx) => tx.journal({ type: 'team.down', subject: 'team', agent: null, data: { agents: stopped.length } }))
    return stopped
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

  /** A rehearsal would talk to real agents that run, and cost their users money. */
  #checkNoneAtWork(): void {
    const { desired, agents } = this.#parts
    const live = agents.all().filter((state) => state.incarnation !== null).map((state) => state.address)
    if (live.length === 0 || !desired.known || desired.team.rehearsal !== null) return
    throw new TroupeError('conflict', `the team is at work, not in rehearsal: ${live.join(', ')}`, {
      hint: 'troupe down, then troupe rehearse',
      facts: { agents: live },
    })
  }

  /** In a rehearsal a scripted agent stands in for a CLI that cannot be used here, and that is said. */
  async #cast(team: Team, notices: string[]): Promise<Team> {
    const cast = async (agent: Agent): Promise<Agent> => {
      const { problem } = await this.#parts.healthOf(agent)
      if (problem === null) return agent
      notices.push(`${agent.address}: ${problem.why}; a scripted agent stands in for it`)
      return { ...agent, runtime: 'scripted', descriptor: null }
    }
    const projects = team.projects.map(async (project) => ({ ...project, agents: await Promise.all(project.agents.map(cast)) }))
    return { ...team, projects: await Promise.all(projects) }
  }

  async #want(agent: Agent, verb: string, change: (state: AgentState) => AgentState): Promise<void> {
    await this.#parts.agents.update(agent.address, (state) => ({ ...change(state), wanted: 'running' }), async (tx) => {
      await tx.journal({ type: `agent.${verb}`, subject: agent.address, agent: agent.address, data: {} })
    })
  }

  #begunAnew(state: AgentState, fresh: boolean): AgentState {
    const at = this.#parts.clock.now()
    const base = { ...state, restarts: noRestarts, session: fresh ? null : state.session }
    if (state.incarnation === null) return tryNow(base, at, 'restart')
    return enter(base, { name: 'stopping' }, { at, what: 'restart asked for', source: 'operator' })
  }

  async #stopAll(addresses: string[], hard: boolean): Promise<Stopped[]> {
    return await Promise.all(addresses.map((address) => this.#stopOne(address, hard)))
  }

  async #stopOne(address: string, hard: boolean): Promise<Stopped> {
    const { agents, clock, reconciler, store } = this.#parts
    const began = clock.elapsed()
    const evidence = { at: clock.now(), what: hard ? 'kill asked for' : 'stop asked for', source: 'operator' }
    const { incarnation } = await agents.update(address, (state) => {
      const next = { ...state, wanted: 'stopped' as const }
      return enter(next, state.incarnation === null ? { name: 'stopped', why: 'asked', code: null } : { name: 'stopping' }, evidence)
    })
    if (incarnation === null) return { agent: address, took: 'not running', ms: 0 }
    const gone = this.#when([address], (state) => state.incarnation !== incarnation)
    if (hard) await reconciler.endHard(address, incarnation)
    else reconciler.wake()
    await gone
    const end = (await store.read((db) => db.events.about(address))).findLast((event) => event.type === 'agent.ended')
    return { agent: address, took: String(end?.data['took'] ?? 'gone'), ms: Math.round(clock.elapsed() - began) }
  }

  async #settle(agents: Agent[], timeoutMs: number, signal: AbortSignal, begun: (state: AgentState) => boolean = () => true): Promise<Settled> {
    const addresses = agents.map((agent) => agent.address)
    await this.#when(addresses, (state) => begun(state) && isSettled(state, this.#parts.clock.now()), timeoutMs, signal)
    const troubles = addresses.flatMap((address) => troubleOf(this.#parts.agents.get(address)) ?? [])
    return { ok: troubles.length === 0, agents, troubles, notices: [] }
  }

  /** Resolves when all of them fit, when the time is over, or when the caller goes away. */
  async #when(addresses: string[], fits: (state: AgentState) => boolean, timeoutMs?: number, signal?: AbortSignal): Promise<void> {
    const { agents, clock } = this.#parts
    const open = new Set(addresses.filter((address) => !fits(agents.get(address))))
    if (open.size === 0 || signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const leave = agents.subscribe((state) => {
        if (open.has(state.address) && fits(state)) open.delete(state.address)
        if (open.size === 0) done()
      })
      const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => done())
      const done = () => {
        leave()
        cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      signal?.addEventListener('abort', done)
    })
  }

  /** Names the agents that run with settings from before the files changed. */
  async #outdated(agents: Agent[], team: Team): Promise<string[]> {
    const launched = await this.#parts.store.read((db) => Promise.all(agents.map((agent) => db.settings.get(`launched:${agent.address}`))))
    const names = agents
      .filter((agent, index) => this.#parts.agents.get(agent.address).incarnation !== null && launched[index] !== undefined && launched[index] !== fingerprint(agent, team))
      .map((agent) => agent.address)
    return names.length === 0 ? [] : [`with their earlier settings run: ${names.join(', ')}. Try: troupe restart ${names.join(' ')}`]
  }
}

/**
 * An agent that is kept from its work is to be tried at once, whatever kept it: with a new process, or the one it has.
 * Where a turn was cut off its time has come now: it is told to go on as if by the clock.
 */
function tryNow(state: AgentState, at: number, verb: string): AgentState {
  const evidence = { at, what: `${verb} asked for`, source: 'operator' }
  if (state.phase.name === 'parked' && state.phase.cut === true) return enter(state, { ...state.phase, until: at }, evidence)
  if (state.incarnation === null) return enter(state, { name: 'stopped', why: 'asked', code: null }, evidence)
  return state.phase.name === 'parked' || state.phase.name === 'blocked' ? enter(state, { name: 'idle' }, evidence) : state
}

function isSettled({ phase, wanted }: AgentState, now: number): boolean {
  switch (phase.name) {
    case 'parked':
      return phase.until === null || phase.until > now
    case 'starting':
    case 'stopping':
      return false
    case 'stopped':
      return wanted === 'stopped' || phase.why === 'done' || phase.why === 'failed'
    default:
      return true
  }
}

/** Null if it is up. */
function troubleOf({ address, phase }: AgentState): Trouble | null {
  const trouble = (why: string, fix: string): Trouble => ({ agent: address, why, fix })
  switch (phase.name) {
    case 'idle':
    case 'busy':
    case 'waiting':
      return null
    case 'stopped':
      return phase.why === 'done' ? null : trouble(`it is stopped (${phaseDetail(phase)})`, `troupe logs ${address}`)
    case 'starting':
      return trouble('it is still starting', `troupe attach ${address}`)
    case 'stopping':
      return trouble('it is still stopping', `troupe kill ${address}`)
    case 'backoff':
      return trouble('it ended and waits for its next start', `troupe logs ${address}`)
    case 'quarantined':
      return trouble(`it stays in quarantine: ${phase.why}`, `troupe logs ${address}, then troupe restart ${address}`)
    case 'blocked':
      return trouble(phase.why, phase.fix ?? `mend that, then troupe restart ${address}`)
    case 'parked':
      return trouble(phase.why, phase.until === null ? `troupe restart ${address} once it may work again` : 'wait: it starts again by itself')
  }
}
