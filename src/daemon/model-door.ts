import { mayBegin, type Call } from '../core/admission.ts'
import { isBlind, noCallPasses, unknownPriceRule, type Limit, type Stop } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { sumText, usdText, type Nano } from '../core/money.ts'
import type { UsageRecord } from '../core/runtime.ts'
import { findAgent, type Agent } from '../core/team.ts'
import { Meter } from '../proxy/meter.ts'
import { peeked } from '../proxy/peek.ts'
import type { Asked } from '../proxy/upstream.ts'
import type { Wire } from '../proxy/wire.ts'
import { findWire, wires } from '../proxy/wires.ts'
import type { Store, Tx } from '../store/store.ts'
import { ModelRoutes, type ModelRouteParts, type Target } from './model-routes.ts'
import { Passages } from './passages.ts'
import { limitData, type Spend } from './spend.ts'

export interface ModelDoorParts extends ModelRouteParts {
  store: Store
  clock: Clock
  /** The agent as it runs now: another runtime may do its work. */
  acting(agent: Agent): Agent
  spend(): Spend
  /** Why a breaker keeps it from working until a person lets it go on; null where none does. */
  whyBroken(agent: string): string | null
  /** What a call can cost at the most: so many bytes asked, and the longest answer. null: no price is known. */
  most(model: string, bytes: number): Nano | null
  report(what: string, error: unknown): void
}

/** `answered`: well, whatever it cost. */
type Ended = (usage: UsageRecord | null, answered: boolean) => void

/** A call on its way, in its provider's format. */
interface Passing {
  agent: Agent
  incarnation: string
  asked: Asked
  wire: Wire
  target: Target
}

/**
 * The door through which the model calls of agents go that ask for it: to their provider and back untouched, with
 * the key that troupe holds, counted by what the provider says on the way, and refused at a ceiling.
 */
export class ModelDoor {
  readonly #parts: ModelDoorParts
  readonly #routes: ModelRoutes
  readonly #passages: Passages
  /** Until what it cost is counted. */
  readonly #underWay = new Set<Call>()
  /** Calls of each agent that its provider is at. */
  readonly #running = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  /** What calls that have ended cost, on its way into the store. */
  readonly #recording = new Set<Promise<void>>()
  readonly #toldAt = new Map<string, number>()
  #closed = false

  constructor(parts: ModelDoorParts) {
    this.#parts = parts
    this.#routes = new ModelRoutes(parts)
    this.#passages = new Passages(parts.store)
  }

  /** Whether an agent's calls come here. Throws `config` where they should, and no key is there. */
  proxied(agent: Agent): boolean {
    if (agent.metering !== 'proxy' || this.#parts.team().rehearsal !== null) return false
    this.#routes.target(agent)
    return true
  }

  /** With the start of an agent, in its transaction: from then on its calls are counted here, or by its records. */
  async begins(tx: Tx, agent: Agent, at: number): Promise<void> {
    const here = agent.metering === 'proxy' && this.#parts.team().rehearsal === null
    const target = here ? this.#target(agent) : null
    await this.#passages.begin(tx, agent.address, at, target === null || target instanceof TroupeError ? null : target.way)
  }

  /** Whether a call that the agent's record tells of was counted here, under another name. */
  async counted(agent: string, at: number): Promise<boolean> {
    return await this.#passages.counted(agent, at)
  }

  /** Answers as the provider, also where it says no: the CLI knows what to do then. */
  async handle(caller: { address: string; incarnation: string }, request: Request): Promise<Response> {
    const declared = findAgent(this.#parts.team(), caller.address)
    const { pathname, search } = new URL(request.url)
    const told = (findWire(request.method, pathname)?.wire ?? wires.messages).refuse
    if (declared?.metering !== 'proxy') return told(404, 'model calls of this agent do not go through troupe')
    const agent = this.#parts.acting(declared)
    const target = this.#target(agent)
    if (target instanceof TroupeError) return told(401, `troupe: ${target.message}. ${target.hint ?? ''}`)
    const found = findWire(request.method, pathname, target.way.formats)
    if (found === null) return isProbe(request.method) ? new Response(null) : wires[target.way.formats[0]].refuse(404, `${request.method} ${pathname} does not go through troupe`)
    const { wire } = found
    const asked: Asked = { method: request.method, path: `${pathname}${search}`, headers: request.headers, body: request.body, signal: request.signal }
    if (found.asked !== 'answer') return await this.#routes.pass(asked, target, wire)
    return await this.#call({ agent, incarnation: caller.incarnation, asked, wire, target })
  }

  /** Waits until what has ended is counted. */
  async close(): Promise<void> {
    this.#closed = true
    this.#routes.close()
    for (const wake of this.#waiting) wake()
    await Promise.all(this.#recording)
  }

  async #call(passing: Passing): Promise<Response> {
    const { agent, incarnation, asked, wire } = passing
    // What its turn was ended for goes on where the end was not heard.
    const broken = this.#parts.whyBroken(agent.address)
    if (broken !== null) return wire.forbid(`troupe: ${broken}, ${noCallPasses} until a person lets it go on`)
    const { callsAtOnce } = this.#parts.team().metering
    if ((this.#running.get(agent.address) ?? 0) >= callsAtOnce) {
      return wire.refuse(429, `more than ${callsAtOnce} model calls at once (metering.calls_at_once)`, { 'retry-after': '1' })
    }
    const { body, most, model } = await this.#bound(passing)
    const [limit] = this.#parts.spend().limits(agent)
    if (most === null && limit !== undefined && this.#parts.team().budget.unknownPrice === 'stop') return await this.#unpriced(passing, model ?? 'its model', limit)
    const call: Call = { agent: agent.address, project: agent.project, most: most ?? 0 }
    const refusal = await this.#admitted(passing, call)
    if (refusal !== null) return refusal
    const ended: Ended = (usage, answered) => this.#ended(call, incarnation, usage, answered ? model : undefined)
    return await this.#metered({ ...passing, asked: { ...asked, body } }, model, ended)
  }

  /** What it can cost at the most, null where its price is not known; the body is not looked at where no ceiling asks. */
  async #bound({ agent, asked, wire }: Passing): Promise<{ body: Asked['body']; most: Nano | null; model: string | null }> {
    const path = asked.path.split('?')[0] ?? ''
    if (this.#parts.spend().limits(agent).length === 0) return { body: asked.body, most: 0, model: wire.modelOf(path, '') }
    const { head, body } = await peeked(asked.body)
    const model = wire.modelOf(path, head)
    const length = asked.headers.get('content-length')
    return { body, most: model === null || length === null ? Infinity : this.#parts.most(model, Number(length)), model }
  }

  /** Waits while what is under way might use up what is left. The refusal where nothing is left; null: it is under way now. */
  async #admitted({ agent, wire, asked: { signal } }: Passing, call: Call): Promise<Response | null> {
    const { spend } = this.#parts
    // Where no ceiling asks nothing is waited for.
    while (spend().limits(agent).length > 0) {
      // The call before this one counts, however soon the next comes.
      await Promise.all(this.#recording)
      const verdict = spend().verdict(agent.address)
      if (verdict.state === 'stop') return await this.#refused(agent, wire, verdict)
      if (signal.aborted) return new Response(null, { status: 499 })
      const ceilings = spend().limits(agent).map((limit) => ({ limit, left: limit.nano - spend().spentOn(limit).nano }))
      if (this.#recording.size === 0 && mayBegin(call, [...this.#underWay], ceilings)) break
      if (this.#recording.size === 0) await this.#next(signal)
    }
    this.#underWay.add(call)
    this.#running.set(agent.address, (this.#running.get(agent.address) ?? 0) + 1)
    return null
  }

  /** The next end of a call, or the caller's. */
  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  async #refused(agent: Agent, wire: Wire, { limit, spent, until }: Stop): Promise<Response> {
    await this.#tell(agent.address, 'budget.call-refused', { ...limitData(limit, spent), until })
    if (isBlind({ limit, spent })) return noPrice(wire, sumText(spent), limit, unknownPriceRule(this.#parts.team()))
    const end = until === null ? 'until a person lets it go on' : `until ${new Date(until).toISOString()}`
    return wire.forbid(`troupe: ${sumText(spent)} spent of $${usdText(limit.nano)}, ${noCallPasses} ${end} (${limit.rule})`)
  }

  /** The first call already: once it is over, nobody could say what it cost. */
  async #unpriced({ agent, wire }: Passing, model: string, limit: Limit): Promise<Response> {
    const rule = unknownPriceRule(this.#parts.team())
    await this.#tell(agent.address, 'budget.call-refused', { model, rule, scope: limit.scope, id: limit.id, period: limit.period })
    return noPrice(wire, `the price of ${model} is not known`, limit, rule)
  }

  /** Now and then: a CLI may try often. */
  async #tell(agent: string, type: 'budget.call-refused' | 'budget.uncounted', data: Record<string, unknown>): Promise<void> {
    const { clock, store } = this.#parts
    const what = `${type} ${agent}`
    if (clock.now() - (this.#toldAt.get(what) ?? 0) <= toldEach) return
    this.#toldAt.set(what, clock.now())
    await store.write((tx) => tx.journal({ type, subject: agent, agent, data }))
  }

  async #metered({ asked, wire, target }: Passing, model: string | null, ended: Ended): Promise<Response> {
    const { clock } = this.#parts
    let meter: Meter | null = null
    let answered = false
    let told = false
    const tell = (usage: UsageRecord | null): void => {
      if (!told) ended(usage, answered)
      told = true
    }
    return await this.#routes.pass(asked, target, wire, {
      answered: (headers, status) => {
        answered = status === 200
        meter = new Meter(headers, wire.tally(model), (cost) => tell(cost === null ? null : { ...cost, at: clock.now() }))
      },
      seen: (chunk) => meter?.feed(chunk),
      ended: () => (meter === null ? tell(null) : meter.end()),
    })
  }

  /** `uncounted`: the model of an answer that did not say what it cost. */
  #ended(call: Call, incarnation: string, usage: UsageRecord | null, uncounted?: string | null): void {
    const { agent } = call
    this.#running.set(agent, (this.#running.get(agent) ?? 1) - 1)
    const recording = this.#written(agent, incarnation, usage, uncounted).finally(() => {
      this.#recording.delete(recording)
      this.#underWay.delete(call)
      for (const wake of [...this.#waiting]) wake()
    })
    this.#recording.add(recording)
  }

  async #written(agent: string, incarnation: string, usage: UsageRecord | null, uncounted: string | null | undefined): Promise<void> {
    if (usage !== null) return await this.#write(agent, incarnation, usage)
    if (uncounted === undefined) return
    await this.#tell(agent, 'budget.uncounted', { model: uncounted }).catch((error: unknown) => this.#parts.report(`telling of a call of ${agent} without a price`, error))
  }

  /** Tried until the store can take it: not every CLI's record tells of the same call later. Given up with the daemon. */
  async #write(agent: string, incarnation: string, usage: UsageRecord): Promise<void> {
    const { spend, report, clock } = this.#parts
    for (let told = false; ; told = true) {
      try {
        return await spend().record(agent, incarnation, usage)
      } catch (error) {
        if (!told) report(`counting a model call of ${agent}`, error)
        if (this.#closed || !(error instanceof TroupeError) || error.code !== 'unavailable') return
      }
      await new Promise<void>((resolve) => clock.after(retryMs, resolve))
    }
  }

  #target(agent: Agent): Target | TroupeError {
    try {
      return this.#routes.target(agent)
    } catch (error) {
      if (!(error instanceof TroupeError)) throw error
      return error
    }
  }
}

/** What becomes of calls is told in the journal this often for each agent, ms. */
const toldEach = 60_000
/** While the store cannot take what a call cost, it is asked again this often. ms */
const retryMs = 1_000

function noPrice(wire: Wire, what: string, limit: Limit, rule: string): Response {
  return wire.forbid(`troupe: ${what}, which ${limit.rule} cannot count: ${noCallPasses} until a person names it in budget.prices (${rule})`)
}

function isProbe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
