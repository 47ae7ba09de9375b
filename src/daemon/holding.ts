import { isBlind, unknownPriceRule, type Stop, type Verdict } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import type { NewEvent } from '../core/event.ts'
import { sumText, usdText, type Sum } from '../core/money.ts'
import { holdOf, type Hold } from '../core/phase.ts'
import { enter } from '../core/plan.ts'
import { findAgent, type Team } from '../core/team.ts'
import type { Agents } from './agents.ts'
import type { Sessions } from './sessions.ts'
import { limitData } from './spend.ts'

export interface HoldingParts {
  clock: Clock
  agents: Agents
  sessions: Sessions
  team(): Team
  verdict(address: string): Verdict
  /** That an agent has at work now. */
  subagents(address: string): number
  /** Beside the agent's terminal, for whoever looks at it; null when it is over. */
  show(agent: string, text: string | null): void
  /** Writes to an agent in troupe's own name; the same key twice is one message. */
  tell(address: string, text: string, key: string): Promise<void>
  report(what: string, error: unknown): void
}

const goOn = 'What kept you from working is over. Go on where your last turn was cut off; if nothing was left to do, do nothing.'

interface Wanted {
  hold: Hold
  why: string
  fix: string
  until: number | null
  event: NewEvent
}

/** Keeps agents from working in troupe's own name: written down first, then the turn that runs is ended. */
export class Holding {
  readonly #parts: HoldingParts

  constructor(parts: HoldingParts) {
    this.#parts = parts
  }

  /** At a ceiling. `inFlight`: turns and subagents that run under it, each with at most one call that still costs something. */
  async stop(address: string, { limit, spent, until }: Stop): Promise<void> {
    const { agents } = this.#parts
    const busy = agents.all().filter((state) => state.phase.name === 'busy' && this.#counts(limit, state.address))
    const inFlight = busy.reduce((sum, state) => sum + 1 + this.#parts.subagents(state.address), 0)
    const over = usdText(Math.max(0, spent.nano - limit.nano))
    const { incarnation, phase } = agents.get(address)
    const run = incarnation ?? holdOf(phase)?.run ?? null
    await this.hold(address, {
      hold: { by: 'budget', rule: limit.rule, run },
      ...(isBlind({ limit, spent }) ? blindWords(unknownPriceRule(this.#parts.team()), spent, limit) : limitWords(limit, spent, address)),
      until,
      event: { type: 'budget.stopped', subject: address, agent: address, data: { ...limitData(limit, spent), over, inFlight, until, ...(isBlind({ limit, spent }) ? { blind: true } : {}) } },
    })
    await this.#tellLead(address, `${sumText(spent)} of $${usdText(limit.nano)} is spent (${limit.rule})`, `stopped ${address} ${limit.rule} ${until ?? run ?? ''}`)
  }

  /** Whoever waits for its work should know; a lead under the same limit could not read of it. */
  async #tellLead(address: string, why: string, key: string): Promise<void> {
    const { team, tell } = this.#parts
    const lead = findAgent(team(), address)?.reportsTo ?? null
    if (lead === null || findAgent(team(), lead) === undefined || this.isHeld(lead)) return
    await tell(lead, `${address} is stopped in the middle of its work: ${why}. It goes on by itself once it may; a person can let it go on sooner.`, key)
  }

  async hold(address: string, { hold, why, fix, until, event }: Wanted): Promise<void> {
    const { agents, clock, show } = this.#parts
    const source = hold.by
    await agents.update(
      address,
      (state) => {
        const cut = state.phase.name === 'busy' || state.phase.name === 'waiting' || (state.phase.name === 'parked' && state.phase.cut === true)
        return enter(state, { name: 'parked', until, why, fix, ...(cut ? { cut } : {}), hold }, { at: clock.now(), what: why, source })
      },
      async (tx) => await tx.journal(event),
    )
    show(address, `stopped: ${why}`)
    await this.end(address)
  }

  /** Told first, then freed: killed in between, the same is told under the same key. An agent that had nothing to do is not woken. */
  async release(address: string): Promise<void> {
    const { agents, clock, tell } = this.#parts
    const { phase, incarnation, since } = agents.get(address)
    if (holdOf(phase) === null || phase.name !== 'parked') return
    if (phase.cut === true && incarnation !== null) await tell(address, goOn, `released ${incarnation} ${since}`)
    const evidence = { at: clock.now(), what: 'the ceiling does not hold any longer', source: 'budget' }
    await agents.update(
      address,
      (state) => (holdOf(state.phase) === null ? state : enter(state, { name: 'idle' }, evidence)),
      async (tx) => await tx.journal({ type: 'budget.released', subject: address, agent: address, data: { rule: holdOf(phase)?.rule ?? null } }),
    )
  }

  /** Ends the turn that runs, if one does. */
  async end(address: string): Promise<void> {
    const { agents, sessions, report } = this.#parts
    const open = sessions.get(agents.get(address).incarnation)
    await open?.session.interrupt().catch((error: unknown) => report(`interrupting ${address}`, error))
  }

  /** Why troupe keeps it from working; null where it does not. */
  whyHeld(address: string): string | null {
    const { phase } = this.#parts.agents.get(address)
    return phase.name === 'parked' && phase.hold !== undefined ? phase.why : null
  }

  /** Also while it comes up under a ceiling that is reached: it must not begin. */
  isHeld(address: string): boolean {
    return this.whyHeld(address) !== null || this.#parts.verdict(address).state === 'stop'
  }

  #counts({ scope, id }: Stop['limit'], address: string): boolean {
    if (scope === 'team') return true
    return scope === 'agent' ? address === id : findAgent(this.#parts.team(), address)?.project === id
  }
}

function limitWords(limit: Stop['limit'], spent: Sum, address: string): Pick<Wanted, 'why' | 'fix'> {
  return {
    why: `${sumText(spent)} spent of $${usdText(limit.nano)} ${limit.period === 'run' ? 'for one run' : 'for the day'}: ${limit.rule}`,
    fix: fixOf(limit, address),
  }
}

/** More for today would change nothing: what it costs would still not be counted. */
function blindWords(rule: string, spent: Sum, limit: Stop['limit']): Pick<Wanted, 'why' | 'fix'> {
  return {
    why: `${sumText(spent)}, which ${limit.rule} cannot count: ${rule}`,
    fix: 'name the price of its model in budget.prices (troupe usage shows the model) and troupe up',
  }
}

function fixOf({ scope, id, period }: Stop['limit'], address: string): string {
  if (period === 'run') return `raise budget.run_usd_limit and troupe up; or begin a new run: troupe restart ${address}`
  const whom = scope === 'team' ? 'team' : id
  return `it goes on by itself with the next day; sooner: raise the limit and troupe up, or allow more for today: troupe budget allow ${whom} USD`
}
