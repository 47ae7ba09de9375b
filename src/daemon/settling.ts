import type { Verdict } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { enter } from '../core/plan.ts'
import { holdOf, phaseDetail, type AgentState } from '../core/phase.ts'
import type { Agent } from '../core/team.ts'
import type { Agents } from './agents.ts'

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

/** Waits for agents to come to rest in what was asked of them. */
export class Settling {
  readonly #agents: Agents
  readonly #clock: Clock

  readonly #verdict: (address: string) => Verdict

  constructor(agents: Agents, clock: Clock, verdict: (address: string) => Verdict) {
    this.#verdict = verdict
    this.#agents = agents
    this.#clock = clock
  }

  /** Until each of them is up or has failed; `begun`: from when on that counts. */
  async settle(agents: Agent[], timeoutMs: number, signal: AbortSignal, begun: (state: AgentState) => boolean = () => true): Promise<Settled> {
    const addresses = agents.map((agent) => agent.address)
    await this.when(addresses, (state) => begun(state) && isSettled(state, this.#clock.now()) && !this.#goesOn(state), timeoutMs, signal)
    const troubles = addresses.flatMap((address) => troubleOf(this.#agents.get(address)) ?? [])
    return { ok: troubles.length === 0, agents, troubles, notices: [] }
  }

  /** One that a ceiling stopped goes on as soon as it does not hold any longer. */
  #goesOn({ address, phase }: AgentState): boolean {
    return holdOf(phase)?.by === 'budget' && this.#verdict(address).state !== 'stop'
  }

  /** Resolves when all of them fit, when the time is over, or when the caller goes away. */
  async when(addresses: string[], fits: (state: AgentState) => boolean, timeoutMs?: number, signal?: AbortSignal): Promise<void> {
    const [agents, clock] = [this.#agents, this.#clock]
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
}

/**
 * An agent that is kept from its work is to be tried at once, whatever kept it: with a new process, or the one it has.
 * Where a turn was cut off its time has come now: it is told to go on as if by the clock.
 */
export function tryNow(state: AgentState, at: number, verb: string): AgentState {
  const evidence = { at, what: `${verb} asked for`, source: 'operator' }
  // A ceiling is not lifted by asking: it goes on as soon as that does not hold any longer.
  if (holdOf(state.phase)?.by === 'budget') return state
  if (state.phase.name === 'parked' && state.phase.cut === true) {
    const { hold: _over, ...parked } = state.phase
    return enter(state, { ...parked, until: at }, evidence)
  }
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
      if (phase.hold !== undefined) return trouble(phase.why, phase.fix ?? `troupe restart ${address}`)
      return trouble(phase.why, phase.until === null ? `troupe restart ${address} once it may work again` : 'wait: it starts again by itself')
  }
}
