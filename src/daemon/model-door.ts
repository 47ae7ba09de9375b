import { mayBegin, type Call } from '../core/admission.ts'
import { isBlind, unknownPriceRule, type Limit, type Stop } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { sumText, usdText, type Nano } from '../core/money.ts'
import type { ModelWay, UsageRecord } from '../core/runtime.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import { anthropic } from '../proxy/anthropic.ts'
import { AnthropicMeter } from '../proxy/anthropic-usage.ts'
import { peeked } from '../proxy/peek.ts'
import { Upstream, type Asked } from '../proxy/upstream.ts'
import type { Store } from '../store/store.ts'
import { limitData, type Spend } from './spend.ts'

export interface ModelDoorParts {
  store: Store
  clock: Clock
  team(): Team
  spend(): Spend
  wayOf(runtime: string): ModelWay | null
  /** What the last `up` brought of the agent's variables, keys among them. */
  environmentFor(agent: Agent): Record<string, string>
  /** What a call can cost at the most: so many bytes asked, and the longest answer. null: no price is known. */
  most(model: string, bytes: number): Nano | null
  report(what: string, error: unknown): void
}

interface Target {
  root: string
  headers: Record<string, string>
}

/**
 * The door through which the model calls of agents go that ask for it: to their provider and back untouched, with
 * the key that troupe holds, counted by what the provider says on the way, and refused at a ceiling.
 */
export class ModelDoor {
  readonly #parts: ModelDoorParts
  #upstream: { key: string; way: Upstream } | null = null
  /** Until what it cost is counted. */
  readonly #underWay = new Set<Call>()
  /** Calls of each agent that its provider is at. */
  readonly #running = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  /** What calls that have ended cost, on its way into the store. */
  readonly #recording = new Set<Promise<void>>()
  readonly #refusedAt = new Map<string, number>()

  constructor(parts: ModelDoorParts) {
    this.#parts = parts
  }

  /** Whether an agent's calls come here. Throws `config` where they should, and no key is there. */
  proxied(agent: Agent): boolean {
    if (agent.metering !== 'proxy' || this.#parts.team().rehearsal !== null) return false
    this.#target(agent)
    return true
  }

  /** Answers as the provider, also where it says no: the CLI knows what to do then. */
  async handle(caller: { address: string; incarnation: string }, request: Request): Promise<Response> {
    const agent = findAgent(this.#parts.team(), caller.address)
    if (agent?.metering !== 'proxy') return anthropic.refuse(404, 'model calls of this agent do not go through troupe')
    const { pathname, search } = new URL(request.url)
    const kind = anthropic.route(request.method, pathname)
    if (kind === null) return isProbe(request.method) ? new Response(null) : anthropic.refuse(404, `${request.method} ${pathname} does not go through troupe`)
    const target = this.#orRefusal(agent)
    if (target instanceof Response) return target
    const asked: Asked = { method: request.method, path: `${pathname}${search}`, headers: request.headers, body: request.body, signal: request.signal }
    if (kind !== 'answer') return await this.#pass(asked, target)
    return await this.#call(agent, caller.incarnation, asked, target)
  }

  /** Waits until what has ended is counted. */
  async close(): Promise<void> {
    this.#upstream?.way.close()
    for (const wake of this.#waiting) wake()
    await Promise.all(this.#recording)
  }

  async #call(agent: Agent, incarnation: string, asked: Asked, target: Target): Promise<Response> {
    const { callsAtOnce } = this.#parts.team().metering
    if ((this.#running.get(agent.address) ?? 0) >= callsAtOnce) {
      return anthropic.refuse(429, `more than ${callsAtOnce} model calls at once (metering.calls_at_once)`, { 'retry-after': '1' })
    }
    const { body, most, model } = await this.#bound(agent, asked)
    const [limit] = this.#parts.spend().limits(agent)
    if (most === null && limit !== undefined && this.#parts.team().budget.unknownPrice === 'stop') return await this.#unpriced(agent, model, limit)
    const call: Call = { agent: agent.address, project: agent.project, most: most ?? 0 }
    const refusal = await this.#admitted(agent, call, asked.signal)
    if (refusal !== null) return refusal
    const ended = (usage: UsageRecord | null): void => this.#ended(call, incarnation, usage)
    return await this.#metered({ ...asked, body }, target, ended)
  }

  /** What it can cost at the most, null where its price is not known; nothing is looked at where no ceiling asks. */
  async #bound(agent: Agent, asked: Asked): Promise<{ body: Asked['body']; most: Nano | null; model: string }> {
    if (this.#parts.spend().limits(agent).length === 0) return { body: asked.body, most: 0, model: '' }
    const { head, body } = await peeked(asked.body)
    const model = /"model"\s*:\s*"([^"\\]{1,200})"/.exec(head)?.[1]
    const length = asked.headers.get('content-length')
    if (model === undefined || length === null) return { body, most: Infinity, model: '' }
    return { body, most: this.#parts.most(model, Number(length)), model }
  }

  /** Waits while what is under way might use up what is left. The refusal where nothing is left; null: it is under way now. */
  async #admitted(agent: Agent, call: Call, signal: AbortSignal): Promise<Response | null> {
    const { spend } = this.#parts
    // Where no ceiling asks nothing is waited for.
    while (spend().limits(agent).length > 0) {
      // The call before this one counts, however soon the next comes.
      await Promise.all(this.#recording)
      const verdict = spend().verdict(agent.address)
      if (verdict.state === 'stop') return await this.#refused(agent, verdict)
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

  /** 402 is what stops the CLIs at once: anything else they would ask again, or take for a fault of the key. */
  async #refused(agent: Agent, { limit, spent, until }: Stop): Promise<Response> {
    await this.#tellRefused(agent, { ...limitData(limit, spent), until })
    if (isBlind({ limit, spent })) return noPrice(sumText(spent), limit, unknownPriceRule(this.#parts.team()))
    const end = until === null ? 'until a person lets it go on' : `until ${new Date(until).toISOString()}`
    return anthropic.refuse(402, `troupe: ${sumText(spent)} spent of $${usdText(limit.nano)}, no model call passes ${end} (${limit.rule})`, { 'x-should-retry': 'false' })
  }

  /** The first call already: once it is over, nobody could say what it cost. */
  async #unpriced(agent: Agent, model: string, limit: Limit): Promise<Response> {
    const rule = unknownPriceRule(this.#parts.team())
    await this.#tellRefused(agent, { model, rule, scope: limit.scope, id: limit.id, period: limit.period })
    return noPrice(`the price of ${model} is not known`, limit, rule)
  }

  async #tellRefused(agent: Agent, data: Record<string, unknown>): Promise<void> {
    const { clock, store } = this.#parts
    if (clock.now() - (this.#refusedAt.get(agent.address) ?? 0) <= refusalsTold) return
    this.#refusedAt.set(agent.address, clock.now())
    await store.write((tx) => tx.journal({ type: 'budget.call-refused', subject: agent.address, agent: agent.address, data }))
  }

  async #metered(asked: Asked, target: Target, ended: (usage: UsageRecord | null) => void): Promise<Response> {
    const { clock } = this.#parts
    let meter: AnthropicMeter | null = null
    let told = false
    const tell = (usage: UsageRecord | null): void => {
      if (!told) ended(usage)
      told = true
    }
    const forwarding = {
      ...target,
      answered: (headers: Headers) => {
        meter = new AnthropicMeter(headers, (usage) => tell(usage === null ? null : { ...usage, at: clock.now() }))
      },
      seen: (chunk: Buffer) => meter?.feed(chunk),
      ended: () => (meter === null ? tell(null) : meter.end()),
    }
    return await this.#pass(asked, forwarding)
  }

  #ended(call: Call, incarnation: string, usage: UsageRecord | null): void {
    const { spend, report } = this.#parts
    this.#running.set(call.agent, (this.#running.get(call.agent) ?? 1) - 1)
    // What cannot be written down now is read in the CLI's own record later.
    const counted = usage === null ? Promise.resolve() : spend().record(call.agent, incarnation, usage)
    const recording = counted
      .catch((error: unknown) => report(`counting a model call of ${call.agent}`, error))
      .finally(() => {
        this.#recording.delete(recording)
        this.#underWay.delete(call)
        for (const wake of [...this.#waiting]) wake()
      })
    this.#recording.add(recording)
  }

  async #pass(asked: Asked, forwarding: Parameters<Upstream['forward']>[1]): Promise<Response> {
    try {
      return await this.#way().forward(asked, forwarding)
    } catch (error) {
      if (asked.signal.aborted) return new Response(null, { status: 499 })
      return anthropic.refuse(502, `troupe cannot reach the provider at ${new URL(forwarding.root).host}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Connections of their own for each choice of proxies: those of the last `up`. */
  #way(): Upstream {
    const env = Object.assign({}, ...this.#parts.team().projects.flatMap(({ agents }) => agents.filter(({ metering }) => metering === 'proxy').map((agent) => proxyVariables(this.#parts.environmentFor(agent))))) as Record<string, string>
    const key = JSON.stringify(env)
    if (this.#upstream?.key !== key) this.#upstream = { key, way: new Upstream(env) }
    return this.#upstream.way
  }

  #orRefusal(agent: Agent): Target | Response {
    try {
      return this.#target(agent)
    } catch (error) {
      if (!(error instanceof TroupeError)) throw error
      return anthropic.refuse(401, `troupe: ${error.message}. ${error.hint ?? ''}`)
    }
  }

  #target(agent: Agent): Target {
    const way = this.#parts.wayOf(agent.runtime)
    if (way === null) throw new TroupeError('config', `the model calls of ${agent.runtime} cannot go through troupe`, { hint: 'take metering: proxy out' })
    const env = this.#parts.environmentFor(agent)
    const key = way.keys.find(({ variable }) => (env[variable] ?? '') !== '')
    if (key === undefined) {
      throw new TroupeError('config', `${agent.address} has metering: proxy and no API key: a login of its CLI’s own cannot go through troupe`, {
        hint: `set ${way.keys.map(({ variable }) => variable).join(' or ')} and troupe up, or take metering: proxy out`,
      })
    }
    const root = this.#parts.team().metering.apiRoot ?? (env[way.rootVariable] || way.root)
    return { root, headers: { [key.header]: key.value(env[key.variable] ?? '') } }
  }
}

/** Calls that are refused are told in the journal this often for each agent, ms. */
const refusalsTold = 60_000

function noPrice(what: string, limit: Limit, rule: string): Response {
  return anthropic.refuse(402, `troupe: ${what}, which ${limit.rule} cannot count: no model call passes until a person names it in budget.prices (${rule})`, { 'x-should-retry': 'false' })
}

function isProbe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function proxyVariables(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(https?|no)_proxy$/i.test(name)))
}
