import { v7 as uuid } from 'uuid'
import type { Clock } from '../core/clock.ts'
import { begun, hooksOf, isOver, isSameLimit, newHit, nextLook, quotaPolicy, settled, startable, takenUp, type LimitHit, type Outcome } from '../core/limit-hit.ts'
import { acting } from '../core/duty.ts'
import { onSignal } from '../core/plan.ts'
import type { AgentState } from '../core/phase.ts'
import type { Signal } from '../core/runtime.ts'
import { findAgent, type RateLimitHook, type Team } from '../core/team.ts'
import type { Store, Tx } from '../store/store.ts'
import { randomBytes16 } from '../util/random.ts'
import type { Agents } from './agents.ts'

/** Of what a CLI said of its limit, characters. */
const mostRaw = 1_000
/** The clock may have been set: what waits is looked at this often at least, ms. */
const longestSleep = 60_000
/** After a failure of the store. ms */
const retryMs = 1_000

export interface LimitHooksParts {
  store: Store
  clock: Clock
  agents: Agents
  /** null: not known yet. */
  team(): Team | null
  /** One attempt. Rejects only when it was cut short by `signal`; it is then made again. */
  perform(hook: RateLimitHook, hit: LimitHit, signal: AbortSignal): Promise<Outcome>
  jitter(): number
  report(what: string, error: unknown): void
}

/**
 * Limits of providers: an agent that runs into one is parked, and the team's hooks run, once for each hit. The hit
 * is written down together with the parking, each attempt before it is made; what a daemon was at when it died is
 * done again by the next.
 */
export class LimitHooks {
  readonly #parts: LimitHooksParts
  /** Hits with an attempt under way. */
  readonly #busy = new Map<string, Promise<void>>()
  /** How attempts ended that the store has not taken yet: they are not made again for that. By hit. */
  readonly #ended = new Map<string, { place: number; outcome: Outcome }>()
  #ending = new AbortController()
  #stopTimer = (): void => undefined
  #leave = (): void => undefined
  #stopped = true
  #sweeping: Promise<void> | null = null
  #again = false

  constructor(parts: LimitHooksParts) {
    this.#parts = parts
  }

  /** A runtime told of a used-up limit: the agent is parked. A limit that is known has had its hooks. */
  async hit(address: string, incarnation: string, signal: Signal & { type: 'failure' }): Promise<void> {
    const team = this.#parts.team()
    const agent = team === null ? undefined : findAgent(team, address)
    const hooks = team === null || agent === undefined ? [] : hooksOf(agent, team.rateLimits)
    const policy = team === null ? undefined : quotaPolicy(hooks, team.rateLimits)
    let parked = false
    const park = (state: AgentState): AgentState => {
      const next = state.incarnation === incarnation ? onSignal(state, signal, 0, policy) : state
      parked = JSON.stringify(next.phase) !== JSON.stringify(state.phase)
      return next
    }
    await this.#parts.agents.update(address, park, async (tx, { phase }) => {
      if (!parked || phase.name !== 'parked' || agent === undefined) return
      const { project } = agent
      const { runtime } = acting(agent, this.#parts.agents.get(address))
      const raw = signal.why.toWellFormed().slice(0, mostRaw)
      const hit = { id: uuid({ random: randomBytes16() }), agent: address, project, runtime, incarnation, at: signal.evidence.at, resetsAt: signal.until, until: phase.until, raw }
      await this.#keep(tx, newHit(hit, hooks))
    })
    this.wake()
  }

  async #keep(tx: Tx, hit: LimitHit): Promise<void> {
    const [last] = await tx.limitHits.recent(hit.agent, 1)
    if (isSameLimit(last, hit)) return
    await tx.limitHits.put(hit)
    const { id, agent, at, resetsAt, until, raw, hooks } = hit
    await tx.journal({ type: 'limit.hit', subject: id, agent, data: { at, resetsAt, until, raw, hooks: hooks.map(({ name }) => name) } })
  }

  /** Takes up what is left to do, and goes on doing so. */
  async start(): Promise<void> {
    if (!this.#stopped) return
    this.#stopped = false
    this.#ending = new AbortController()
    const { store, clock, agents } = this.#parts
    await store.write(async (tx) => {
      for (const hit of await tx.limitHits.open()) if (hit.hooks.some(({ state }) => state.is === 'running')) await tx.limitHits.put(takenUp(hit, clock.now()))
    })
    // An agent that goes on ends the waiting.
    this.#leave = agents.subscribe((after, before) => {
      if (before.phase.name === 'parked' && after.phase.name !== 'parked') this.wake()
    })
    this.wake()
  }

  /** Cuts attempts short: the next daemon makes them again. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopTimer()
    this.#leave()
    this.#ending.abort()
    await this.#sweeping
    await Promise.allSettled(this.#busy.values())
  }

  wake(): void {
    this.#again = true
    if (this.#stopped || this.#sweeping !== null) return
    this.#sweeping = this.#run().finally(() => {
      this.#sweeping = null
      if (this.#again) this.wake()
    })
  }

  async #run(): Promise<void> {
    const { store, clock } = this.#parts
    this.#again = false
    this.#stopTimer()
    try {
      const open = this.#parts.team() === null ? [] : await store.read((db) => db.limitHits.open())
      if (this.#stopped) return
      for (const hit of open) this.#attend(hit)
      const times = open.filter(({ id }) => !this.#busy.has(id)).flatMap((hit) => nextLook(hit) ?? [])
      if (open.length > 0) this.#sleep(Math.min(longestSleep, ...times.map((time) => Math.max(0, time - clock.now()))))
    } catch (error) {
      this.#parts.report('looking after rate-limit hooks', error)
      this.#sleep(retryMs)
    }
  }

  #sleep(ms: number): void {
    this.#stopTimer()
    if (!this.#stopped) this.#stopTimer = this.#parts.clock.after(ms, () => this.wake())
  }

  /** One step of one hit at a time; the end of it brings the next, after a pause where it failed. */
  #attend(hit: LimitHit): void {
    if (this.#busy.has(hit.id)) return
    const work = this.#step(hit)
    if (work === null) return
    this.#busy.set(hit.id, this.#follow(hit, work))
  }

  async #follow(hit: LimitHit, work: Promise<void>): Promise<void> {
    let pause = 0
    try {
      await work
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#parts.report(`a rate-limit hook of ${hit.agent}`, error)
      pause = retryMs
    }
    this.#busy.delete(hit.id)
    this.#sleep(pause)
  }

  #step(hit: LimitHit): Promise<void> | null {
    const ended = this.#ended.get(hit.id)
    if (ended !== undefined) return this.#settle(hit.id, ended.place, ended.outcome)
    const waiting = hit.hooks.findIndex((run) => run.state.is === 'waiting' && this.#isOver(hit, run.state.until))
    if (waiting >= 0) return this.#settle(hit.id, waiting, { ok: true, what: 'the wait is over' })
    const [place] = startable(hit, this.#parts.clock.now())
    return place === undefined ? null : this.#begin(hit, place)
  }

  /** By the time, or because the agent goes on: a person started it, mail got through. */
  #isOver({ agent }: LimitHit, until: number): boolean {
    return until <= this.#parts.clock.now() || this.#parts.agents.get(agent).phase.name !== 'parked'
  }

  async #begin(hit: LimitHit, place: number): Promise<void> {
    const { store, clock } = this.#parts
    const now = await store.write(async (tx) => {
      const current = await tx.limitHits.get(hit.id)
      // What was read may be older than what was done since.
      if (current === undefined || !startable(current, clock.now()).includes(place)) return null
      const next = begun(current, place, clock.now())
      await tx.limitHits.put(next)
      return next
    })
    if (now?.hooks[place]?.state.is !== 'running') return
    const outcome = await this.#attempt(now, place)
    this.#ended.set(hit.id, { place, outcome })
    await this.#settle(hit.id, place, outcome)
  }

  async #attempt(hit: LimitHit, place: number): Promise<Outcome> {
    const name = hit.hooks[place]?.name
    const hook = this.#parts.team()?.rateLimits.hooks.find((each) => each.name === name)
    if (hook === undefined) return { ok: false, why: 'it is no longer in the team’s files', again: false }
    return await this.#parts.perform(hook, hit, this.#ending.signal)
  }

  async #settle(id: string, place: number, outcome: Outcome): Promise<void> {
    const { store, clock, jitter } = this.#parts
    await store.write(async (tx) => {
      const hit = await tx.limitHits.get(id)
      if (hit === undefined) return
      const after = settled(hit, place, outcome, clock.now(), jitter())
      await tx.limitHits.put(after)
      const { name, action, attempts, state } = after.hooks[place]!
      const what = outcome.ok ? outcome.what : outcome.why
      await tx.journal({ type: `limit.hook-${state.is}`, subject: id, agent: hit.agent, data: { name, action, attempts, what, ...(isOver(after) ? { last: true } : {}) } })
    })
    this.#ended.delete(id)
  }
}
