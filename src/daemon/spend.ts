import { isNear, judge, limitsOf, raised, type Allowance, type Limit, type Verdict } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { dayOf, type Day } from '../core/day.ts'
import { less, Ledger, oneCall } from '../core/ledger.ts'
import { usdText, type Sum } from '../core/money.ts'
import { holdOf } from '../core/phase.ts'
import { printable } from '../core/printable.ts'
import { costOf, plausible, type Price } from '../core/prices.ts'
import type { UsageRecord } from '../core/runtime.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import type { Reader, Store } from '../store/store.ts'
import { Lane } from '../util/in-turn.ts'
import type { Agents } from './agents.ts'

const [warnedKey, allowedKey, unpricedKey] = ['budget:warned', 'budget:allowed', 'budget:unpriced']

/** So long after a call of unknown price a price that is named since is given to it, ms. */
const repriced = 31 * 86_400_000
/** Models of unknown price that are told of on one day: names are whatever a CLI puts on record. */
const mostUnpriced = 20
const longestModel = 100

export interface SpendParts {
  store: Store
  clock: Clock
  agents: Agents
  prices: readonly Price[]
  team(): Team
  /** The mail chain that an agent works on. */
  chainOf(db: Reader, agent: string, incarnation: string): Promise<string | null>
  /** One model call that was not counted before, at its time. */
  called(agent: string, incarnation: string, at: number): Promise<void>
  /** A share of a limit is spent: told once. */
  warned(limit: Limit, spent: Sum, agent: Agent): Promise<void>
  /** A call that no limit can count: told once for each model and day. */
  unpriced(model: string, limit: Limit, agent: Agent): Promise<void>
  report(what: string, error: unknown): void
}

/** What agents cost, and what follows from it. The store counts; what is held here can be read there at any time. */
export class Spend {
  readonly #parts: SpendParts
  readonly #reached = new Set<(agent: string) => void>()
  #day: Day
  #ledger = new Ledger()
  #allowed: Allowance[] = []
  #warned: Record<string, string> = {}
  /** Models that were told of, with the day. */
  #unpriced: Record<string, string> = {}
  /** Sums are read and added to one after another: nothing is counted twice, or not at all. */
  readonly #turns = new Lane()

  constructor(parts: SpendParts) {
    this.#parts = parts
    this.#day = dayOf(parts.clock.now(), 'UTC')
    parts.agents.subscribe((after, before) => {
      if (before.incarnation !== null && after.incarnation !== before.incarnation && holdOf(after.phase)?.run !== before.incarnation) this.#ledger.forgetRun(before.incarnation)
    })
  }

  /** From the store, for the day that it is now; calls that got a price meanwhile are given it. Again when the team has changed. */
  async load(): Promise<void> {
    await this.#turns.run(async () => await this.#load())
  }

  async #load(): Promise<void> {
    const { clock, team, store, agents } = this.#parts
    const day = dayOf(clock.now(), team().budget.timezone)
    await this.#reprice(day.start - repriced)
    const runs = agents.all().flatMap(({ incarnation, phase }) => [incarnation, holdOf(phase)?.run ?? null]).filter((id) => id !== null)
    const ledger = new Ledger()
    await store.read(async (db) => {
      for (const { agent, nano, unpriced } of await db.usage.sums({ since: day.start })) ledger.addToDay(agent, { nano, unpriced })
      for (const { incarnation, nano, unpriced } of await db.usage.sums({ incarnations: runs })) ledger.addToRun(incarnation, { nano, unpriced })
      this.#warned = ((await db.settings.get(warnedKey)) ?? {}) as Record<string, string>
      this.#allowed = ((await db.settings.get(allowedKey)) ?? []) as Allowance[]
      this.#unpriced = ((await db.settings.get(unpricedKey)) ?? {}) as Record<string, string>
    })
    this.#day = day
    this.#ledger = ledger
  }

  /** Called when a ceiling is reached, with an agent that it stops. Returns the way out. */
  subscribe(listener: (agent: string) => void): () => void {
    this.#reached.add(listener)
    return () => this.#reached.delete(listener)
  }

  /** One model call, as its CLI tells it: durable when this resolves. */
  async record(address: string, incarnation: string, usage: UsageRecord): Promise<void> {
    await this.#turns.run(async () => await this.#record(address, incarnation, plausible(usage, this.#parts.clock.now())))
    if (this.verdict(address).state === 'stop') for (const listener of this.#reached) listener(address)
  }

  async #record(address: string, incarnation: string, usage: UsageRecord): Promise<void> {
    const { store, prices, team, chainOf, clock } = this.#parts
    const cost = costOf(usage, prices, team().budget.prices)
    const before = await store.write(async (tx) => await tx.usage.put(address, incarnation, usage, { cost, chain: await chainOf(tx, address, incarnation) }))
    if (before === null) return
    // The sums of a new day hold it already.
    if (this.day.start !== this.#day.start) await this.#load()
    else {
      // A clock that was ahead must not hide what is spent today.
      this.#add(address, incarnation, usage.at, oneCall(cost))
      if (before !== 'none') this.#add(address, before.incarnation, Math.min(before.at, clock.now()), less(oneCall(before.cost)))
    }
    // What cannot be told keeps nobody from being stopped.
    const agent = findAgent(team(), address)
    if (agent !== undefined) await this.#tell(async () => await this.#warn(agent))
    if (agent !== undefined && cost === null) await this.#tell(async () => await this.#tellUnpriced(agent, usage.model))
    if (before === 'none') await this.#parts.called(address, incarnation, usage.at)
  }

  async #tell(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.#parts.report('telling of what is spent', error))
  }

  /** Whether an agent may go on. An agent that is not in the team has no limits. */
  verdict(address: string): Verdict {
    const agent = findAgent(this.#parts.team(), address)
    if (agent === undefined) return { state: 'ok' }
    return judge(this.limits(agent), (limit) => this.spentOn(limit), this.#parts.team().budget, this.day.end)
  }

  /** As they are today, with what was allowed. */
  limits(agent: Agent): Limit[] {
    return limitsOf(this.#parts.team(), agent).map((limit) => raised(limit, this.#allowed, this.day.name))
  }

  spentOn({ scope, id, period }: Limit): Sum {
    const ledger = this.#today
    if (period === 'run') return ledger.ofRun(this.#runOf(id))
    if (scope === 'team') return ledger.ofTeam()
    return scope === 'project' ? ledger.ofProject(id) : ledger.ofAgent(id)
  }

  /** Of today. */
  spent(scope: Limit['scope'], id: string): Sum {
    return this.spentOn({ scope, id, period: 'day', nano: 0, rule: '' })
  }

  get day(): Day {
    const now = this.#parts.clock.now()
    const { start, end } = this.#day
    return start <= now && now < end ? this.#day : dayOf(now, this.#parts.team().budget.timezone)
  }

  /** So much more for today. Throws nothing; durable when it resolves. */
  async allow(allowance: Omit<Allowance, 'day'>, by: string): Promise<void> {
    await this.#turns.run(async () => {
      const { day } = this
      const all = [...this.#allowed.filter((each) => each.day === day.name), { ...allowance, day: day.name }]
      await this.#parts.store.write(async (tx) => {
        await tx.settings.put(allowedKey, all)
        const { scope, id, nano } = allowance
        await tx.journal({ type: 'budget.allowed', subject: id, agent: scope === 'agent' ? id : null, data: { scope, id, usd: usdText(nano), day: day.name, by } })
      })
      this.#allowed = all
    })
  }

  #runOf(address: string): string {
    const { incarnation, phase } = this.#parts.agents.get(address)
    return incarnation ?? holdOf(phase)?.run ?? ''
  }

  /** Of another day than now is, nothing counts any more. */
  get #today(): Ledger {
    const { day } = this
    if (day.start === this.#day.start) return this.#ledger
    this.#day = day
    this.#ledger = this.#ledger.nextDay()
    this.load().catch((error: unknown) => this.#parts.report('reading what was spent today', error))
    return this.#ledger
  }

  #add(agent: string, incarnation: string, at: number, sum: Sum): void {
    if (at >= this.#day.start) this.#ledger.addToDay(agent, sum)
    if (incarnation === this.#runOf(agent)) this.#ledger.addToRun(incarnation, sum)
  }

  /** Once for each limit, and each day or run. */
  async #warn(agent: Agent): Promise<void> {
    const { warnThresholdPct } = this.#parts.team().budget
    if (warnThresholdPct === null) return
    for (const limit of this.limits(agent)) {
      const spent = this.spentOn(limit)
      const mark = `${limit.scope} ${limit.id} ${limit.period}`
      const when = limit.period === 'run' ? `${this.#runOf(limit.id)} ${limit.nano}` : `${this.day.name} ${limit.nano}`
      if (!isNear(limit, spent, warnThresholdPct) || this.#warned[mark] === when) continue
      // Told first: killed in between, the same is told under the same key.
      if (spent.nano < limit.nano) await this.#parts.warned(limit, spent, agent)
      this.#warned = { ...this.#warned, [mark]: when }
      await this.#parts.store.write(async (tx) => {
        await tx.settings.put(warnedKey, this.#warned)
        await tx.journal({ type: 'budget.warned', subject: limit.id, agent: agent.address, data: { ...limitData(limit, spent), threshold: warnThresholdPct } })
      })
    }
  }

  /** A limit that cannot see what a model costs would let it run all night. In a rehearsal nothing is paid: only what stops somebody is told. */
  async #tellUnpriced(agent: Agent, named: string): Promise<void> {
    const { rehearsal, budget: { unknownPrice } } = this.#parts.team()
    if (rehearsal !== null && unknownPrice !== 'stop') return
    const [limit] = this.limits(agent)
    const model = printable(named).slice(0, longestModel)
    const day = this.day.name
    const today = Object.entries(this.#unpriced).filter((each) => each[1] === day)
    if (limit === undefined || today.length >= mostUnpriced || today.some(([each]) => each === model)) return
    // Told first: killed in between, the same is told under the same key.
    await this.#parts.unpriced(model, limit, agent)
    this.#unpriced = Object.fromEntries([...today, [model, day]])
    await this.#parts.store.write(async (tx) => {
      await tx.settings.put(unpricedKey, this.#unpriced)
      const { rule, scope, id, period } = limit
      await tx.journal({ type: 'budget.unpriced', subject: agent.address, agent: agent.address, data: { model, rule, scope, id, period, day, unknownPrice } })
    })
  }

  async #reprice(since: number): Promise<void> {
    const { store, prices, team } = this.#parts
    const own = team().budget.prices
    for (const model of await store.read((db) => db.usage.unpricedModels(since))) {
      for (;;) {
        const calls = (await store.read((db) => db.usage.unpriced(since, model))).flatMap((call) => {
          const cost = costOf(call, prices, own)
          return cost === null ? [] : [{ call, cost }]
        })
        if (calls.length === 0) break
        await store.write(async (tx) => {
          for (const { call, cost } of calls) await tx.usage.price(call, cost)
        })
      }
    }
  }
}

/** For the journal. */
export function limitData({ scope, id, period, nano, rule }: Limit, spent: Sum): Record<string, unknown> {
  return { rule, scope, id, period, limit: usdText(nano), spent: usdText(spent.nano), unpriced: spent.unpriced }
}
