import { unlimited, unpriced } from '../core/budget.ts'
import type { Change } from '../core/change.ts'
import { isDifference } from '../core/change.ts'
import type { ChangeRow } from '../core/change-text.ts'
import { chosenAgents } from '../core/choice.ts'
import type { Clock } from '../core/clock.ts'
import { sha256 } from '../core/event.ts'
import { toStopping } from '../core/plan.ts'
import type { AgentState, Evidence } from '../core/phase.ts'
import { noRestarts } from '../core/restart.ts'
import { agentsOf, findAgent, type Agent, type Team } from '../core/team.ts'
import type { Paths } from '../config/paths.ts'
import type { Tx } from '../store/store.ts'
import { isPriced } from '../runtimes/index.ts'
import { appliedAt, writeApplied } from './applied.ts'
import type { Front } from './daemon.ts'
import type { Applied } from './desired.ts'
import { draft, type Draft, type DraftParts, type Wish } from './draft.ts'
import type { Drain } from './drain.ts'
import type { Reconciler } from './reconciler.ts'
import type { Spend } from './spend.ts'
import { tryNow, type Settled, type Settling } from './settling.ts'

export interface ChangingParts extends DraftParts {
  clock: Clock
  reconciler: Reconciler
  drain: Drain
  settling: Settling
  spend: Spend
  paths: Paths
  /** argv of the stdio program for the team's tools. */
  shim: string[]
  front(): Front
  report(what: string, error: unknown): void
}

export interface Waits {
  /** How long a running turn may take before an end; null: as the team says, 0: none. */
  drainMs: number | null
  timeoutMs: number
}

export interface Changed extends Settled {
  changes: ChangeRow[]
}

/** Ids of conversations by address. */
type Begins = Readonly<Record<string, string>>

type Step = readonly [address: string, change: (state: AgentState) => AgentState]

/**
 * Makes what the files say the applied team. What changes of agents' lives is durable in the transaction that applies
 * the team: a daemon that dies right after it leaves the rest to the next one. One change at a time.
 */
export class Changing {
  readonly #parts: ChangingParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ChangingParts) {
    this.#parts = parts
  }

  /** A daemon that died after it had applied a team, and before it had written that into its files, left that to this one. */
  start(): void {
    const { desired, paths } = this.#parts
    const { applied } = desired
    if (applied !== null && applied.at > 0 && appliedAt(paths.applied) !== applied.at) this.#write(desired.team, applied)
  }

  /** What `reload` would do. Changes nothing. */
  async plan(names: string[], env: Record<string, string>): Promise<ChangeRow[]> {
    const { rows } = await draft(this.#parts, { names, env, rehearsal: null, keepsRehearsal: true })
    return rows
  }

  /** Applies what changed and touches nobody else; a team that is not up is brought up. `begins`: conversations that new agents go on with, by address. */
  async reload(names: string[], env: Record<string, string>, waits: Waits, signal: AbortSignal, begins: Begins = {}): Promise<Changed> {
    return await this.#change({ names, env, rehearsal: null, keepsRehearsal: true }, 'reload', waits, signal, begins)
  }

  /** The same, and starts every chosen agent. A quarantined one is left alone unless its settings changed, and that is said. */
  async up(wish: Omit<Wish, 'keepsRehearsal'>, waits: Waits, signal: AbortSignal): Promise<Changed> {
    return await this.#change({ ...wish, keepsRehearsal: false }, 'up', waits, signal)
  }

  async #change(wish: Wish, verb: 'up' | 'reload', waits: Waits, signal: AbortSignal, begins: Begins = {}): Promise<Changed> {
    const before = new Map(this.#parts.agents.all().map(({ address, incarnation }) => [address, incarnation]))
    const made = await this.#inTurn(async () => {
      const found = await draft(this.#parts, wish)
      const applies = verb === 'up' || found.changes.some(isDifference)
      return applies ? { ...found, notices: [...found.notices, ...(await this.#apply(found, verb, waits, begins))] } : found
    })
    const agents = chosenAgents(made.choice, made.team)
    const anew = new Set(made.changes.filter(({ action }) => action === 'restart').map(({ agent }) => agent))
    const leaving = made.changes.filter(({ action }) => action === 'stop').map(({ agent }) => agent)
    const gone = this.#parts.settling.when(leaving, ({ incarnation }) => incarnation === null, waits.timeoutMs, signal)
    const wanted = agents.filter(({ address }) => this.#parts.agents.get(address).wanted === 'running')
    const settled = await this.#parts.settling.settle(wanted, waits.timeoutMs, signal, (state) => !anew.has(state.address) || state.incarnation !== before.get(state.address))
    await gone
    const free = unlimited(made.team)
    const blind = made.team.rehearsal === null ? unpriced(made.team, (model) => isPriced(model, this.#parts.clock.now(), made.team.budget.prices)) : null
    const open = [
      ...(free === null ? [] : [`${free}. Try: budget.daily_usd_limit in team-compose.yaml`]),
      ...(blind === null ? [] : [`${blind}. Try: budget.prices in team-compose.yaml`]),
    ]
    return { ...settled, agents, notices: [...made.notices, ...open, ...settled.notices], changes: made.rows }
  }

  async #apply(made: Draft, verb: 'up' | 'reload', { drainMs }: Waits, begins: Begins): Promise<string[]> {
    const { agents, desired, clock, drain, reconciler } = this.#parts
    const at = clock.now()
    const applied = { at, ...made.outside, leaving: this.#leaving(made.team) }
    const steps = this.#steps(made, verb, at, begins)
    const ending = made.changes.filter(({ action }) => action === 'restart' || action === 'stop').map(({ agent }) => agents.get(agent))
    for (const { incarnation } of ending) if (incarnation !== null && drainMs !== null) drain.allow(incarnation, drainMs)
    await agents.updateAll(
      steps,
      async (tx) => {
        await desired.put(tx, made.team, applied)
        await journal(tx, made, verb, steps)
      },
      () => desired.took(made.team, applied),
    )
    this.#parts.front().held.renew(made.values, at)
    try {
      for (const { address, incarnation } of ending) if (drainMs === 0 && incarnation !== null) await reconciler.endHard(address, incarnation)
      await this.#parts.spend.load()
    } finally {
      reconciler.wake()
    }
    return this.#write(made.team, applied)
  }

  #steps({ changes, rows, choice, team, isUp }: Draft, verb: 'up' | 'reload', at: number, begins: Begins): Step[] {
    const changed = changes.flatMap((change, index): Step[] => {
      const evidence = { at, what: `${verb}: ${rows[index]?.why ?? ''}`, source: 'operator' }
      if (change.agent === 'team' || !this.#concerns(change)) return []
      const starts = verb === 'up' && change.action === 'apply'
      const after = (state: AgentState): AgentState => changedState(state, change, evidence, verb, begins[change.agent] ?? null)
      return [[change.agent, (state) => (starts ? wantedNow(after(state), at, verb) : after(state))]]
    })
    if (verb === 'reload' && isUp) return changed
    const done = new Set(changed.map(([address]) => address))
    const others = chosenAgents(choice, team).filter(({ address }) => !done.has(address))
    return [...changed, ...others.map(({ address }): Step => [address, (state) => wantedNow(state, at, verb)])]
  }

  /** An agent that goes and was never seen needs no state of its own. */
  #concerns({ agent, action, conversation }: Change): boolean {
    if (action === 'apply') return conversation === 'fresh'
    return action === 'start' || action === 'restart' || (action === 'stop' && this.#parts.agents.all().some(({ address }) => address === agent))
  }

  /** For people and scripts: what runs depends on none of it. A notice where it could not be written. */
  #write(team: Team, applied: Applied): string[] {
    const { paths, shim, fingerprints, report } = this.#parts
    try {
      writeApplied(paths, team, applied.at, shim, (agent) => fingerprints.of(agent, team, applied))
      return []
    } catch (error) {
      report('writing what is applied', error)
      return [`what scripts read of the applied team could not be written: ${error instanceof Error ? error.message : String(error)}. Try: mend that, then troupe daemon restart`]
    }
  }

  /** Agents that are not in the team any more, and whose processes have still to come to their end. */
  #leaving(team: Team): Agent[] {
    const { agents, desired } = this.#parts
    const known = [...(desired.known ? agentsOf(desired.team) : []), ...desired.leaving]
    return known.filter(({ address }) => findAgent(team, address) === undefined && agents.get(address).incarnation !== null)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work)
    this.#last = mine.catch(() => undefined) // told to who asked for it
    return await mine
  }
}

/** What one change makes of the agent as it stands when it is written down: it may have been told to stop since the change was found. */
export function changedState(state: AgentState, { action, conversation }: Change, evidence: Evidence, verb: string, begins: string | null): AgentState {
  const fresh = conversation === 'fresh'
  const next = fresh ? { ...begunAnew(state), session: begins } : state
  switch (action) {
    case 'stop':
      return state.incarnation === null ? { ...state, wanted: 'stopped' } : toStopping({ ...state, wanted: 'stopped' }, evidence)
    case 'restart':
      return { ...begunAgain(state, next, evidence, verb, fresh), wanted: verb === 'up' ? 'running' : state.wanted, restarts: noRestarts }
    case 'start':
      return { ...tryNow(next, evidence.at, verb), wanted: 'running', restarts: noRestarts }
    default:
      if (state.incarnation === null) return next
      // On its way out: nor does its next process go on with what this one says until then.
      return fresh && state.phase.name === 'stopping' ? { ...next, phase: { ...state.phase, fresh: true } } : state
  }
}

/** A reload changes what an agent is; it lets go on nobody whom a person keeps. */
function begunAgain(state: AgentState, next: AgentState, evidence: Evidence, verb: string, fresh: boolean): AgentState {
  const { phase, incarnation } = state
  const held = verb !== 'up' && phase.name === 'parked' && phase.hold?.by === 'person' ? phase : null
  if (incarnation === null) return held === null ? tryNow(next, evidence.at, verb) : next
  const ends = toStopping(next, evidence, fresh)
  return held === null || ends.phase.name !== 'stopping' ? ends : { ...ends, phase: { ...ends.phase, held } }
}

/** Another program, folder or set of tools: no conversation goes on, and nobody stands in. */
function begunAnew({ duty: _over, ...state }: AgentState): AgentState {
  return { ...state, session: null }
}

function wantedNow(state: AgentState, at: number, verb: string): AgentState {
  const next = state.phase.name === 'quarantined' ? state : tryNow(state, at, verb)
  return { ...next, wanted: 'running' }
}

async function journal(tx: Tx, { team, rows, isUp }: Draft, verb: string, steps: readonly Step[]): Promise<void> {
  await tx.journal({ type: 'team.applied', subject: 'team', agent: null, data: { digest: sha256(JSON.stringify(team)), by: verb } })
  for (const { agent, action, why, aclWidened, conversation } of isUp ? rows : []) {
    if (action === 'untouched') continue
    const data = { action, why, aclWidened, conversation }
    await tx.journal(agent === 'team' ? { type: 'team.changed', subject: 'team', agent: null, data } : { type: 'agent.changed', subject: agent, agent, data })
  }
  const present = (address: string): Agent | undefined => findAgent(team, address)
  for (const [address] of steps) if (verb === 'up' && present(address) !== undefined) await tx.journal({ type: 'agent.up', subject: address, agent: address, data: {} })
}
