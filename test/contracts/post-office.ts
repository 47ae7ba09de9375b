import type { McpServer } from '@modelcontextprotocol/server'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { systemClock } from '../../src/core/clock.ts'
import type { Delivery } from '../../src/core/delivery.ts'
import { enter, onSignal } from '../../src/core/plan.ts'
import { printable } from '../../src/core/printable.ts'
import type { Message, Priority } from '../../src/core/message.ts'
import type { Runtime, Signal } from '../../src/core/runtime.ts'
import type { Agent, Team } from '../../src/core/team.ts'
import { Agents } from '../../src/daemon/agents.ts'
import { Chains } from '../../src/daemon/chains.ts'
import { Deliverer } from '../../src/daemon/deliverer.ts'
import { Fetching } from '../../src/daemon/fetching.ts'
import { Offers } from '../../src/daemon/offers.ts'
import { Mailroom } from '../../src/daemon/mailroom.ts'
import { Sessions } from '../../src/daemon/sessions.ts'
import { Signals } from '../../src/daemon/signals.ts'
import { mail } from '../../src/daemon/handlers/mail.ts'
import type { Parts } from '../../src/daemon/parts.ts'
import type { Rule } from '../../src/proxy/scenario.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { defaultLimits, defaultLoopGuard } from '../../src/core/limits.ts'
import { attachmentsOf } from '../fixtures/attachments.ts'
import { RuntimeStage, until, type Run } from './runtime-stage.ts'
import { unlimited } from '../fixtures/unlimited.ts'

const alice = 'office:alice'
const people = ['bob', 'carol']

/** One real CLI, and in front of it all that brings mail to it: store, mailroom, deliverer. */
export class PostOffice {
  readonly stage: RuntimeStage
  readonly faults: unknown[] = []
  run: Run | null = null
  #closing = false
  readonly #runtime: Runtime
  readonly #store: Store
  readonly #agents: Agents
  readonly #sessions: Sessions
  readonly #deliverer: Deliverer
  readonly #signals: Signals
  readonly #mailroom: Mailroom
  readonly #fetching: Fetching

  static async open(runtime: Runtime, env: Record<string, string>, rules: Rule[]): Promise<PostOffice> {
    const office: { it: PostOffice | null } = { it: null }
    const stage = await RuntimeStage.make(runtime, { env, rules, tools: (server) => office.it?.addTools(server) })
    const context = { root: stage.folder, host: 'here', env: {}, clock: systemClock }
    const store = await openStore({ type: 'sqlite', path: join(stage.folder, 'mailbox.db') }, context)
    office.it = new PostOffice(runtime, stage, store)
    await office.it.#deliverer.start()
    return office.it
  }

  private constructor(runtime: Runtime, stage: RuntimeStage, store: Store) {
    this.stage = stage
    this.#runtime = runtime
    this.#store = store
    const clock = systemClock
    // What a CLI still says while the store closes is nobody's fault.
    const report = (_what: string, error: unknown) => void (this.#closing || this.faults.push(error))
    const worker = (id: string): Agent => ({ ...stage.agent, id, address: `office:${id}`, canDm: [alice] })
    const agents = [stage.agent, ...people.map(worker)]
    const team = { limits: defaultLimits, loopGuard: { ...defaultLoopGuard, enabled: false }, projects: [{ id: 'office', name: 'office', agents, channels: [] }] } as unknown as Team
    this.#agents = new Agents(store, clock)
    this.#sessions = new Sessions(
      (address, incarnation, signal) => this.#take(address, incarnation, signal),
      (address) => this.#deliverer.wake(address),
    )
    const offers = new Offers(clock)
    this.#deliverer = new Deliverer({ store, clock, offers, agents: this.#agents, sessions: this.#sessions, picturesOf: () => [], team: () => team, report })
    const chains = new Chains({ store, clock, agents: this.#agents, team: () => team, show: () => {} })
    this.#signals = new Signals({ chains: () => chains, counted: async () => false, spend: () => unlimited.spend, holding: () => unlimited.holding, breaking: () => unlimited.breaking, limits: () => ({ hit: async (address, incarnation, signal) => void (await this.#agents.update(address, (state) => (state.incarnation === incarnation ? onSignal(state, signal) : state))) }), clock, agents: this.#agents, jitter: () => 0, deliverer: () => this.#deliverer, said: () => undefined, report })
    this.#mailroom = new Mailroom({ store, clock, chains, attachments: attachmentsOf(dirname(store.where), store, () => team), bridges: () => [], team: () => team })
    this.#fetching = new Fetching(store, clock, this.#deliverer, offers, () => false)
  }

  /** Starts the CLI as the reconciler does; `before` is called while it is `starting`. */
  async start(session: string | null = null): Promise<Run> {
    const run = await this.stage.start(session)
    this.run = run
    const { incarnation } = run
    const evidence = { at: systemClock.now(), what: 'launched', source: 'test' }
    await this.#agents.update(alice, (state) => enter({ ...state, incarnation, wanted: 'running' }, { name: 'starting' }, evidence))
    for (const signal of run.signals) this.#take(alice, incarnation, signal)
    const context = { agent: this.stage.agent, incarnation }
    this.#sessions.open({ ...this.#runtime, open: () => run.session }, context as Parameters<Sessions['open']>[1])
    return run
  }

  /** Kills the process and notes its end. */
  async kill(): Promise<void> {
    const { run } = this
    if (run === null) return
    await run.kill()
    this.#sessions.close(run.incarnation)
    const evidence = { at: systemClock.now(), what: 'killed', source: 'test' }
    await this.#agents.update(alice, (state) => enter({ ...state, incarnation: null }, { name: 'backoff', until: 0 }, evidence))
  }

  phase(): string {
    return this.#agents.get(alice).phase.name
  }

  async is(phase: string): Promise<void> {
    await until(`the agent is ${phase}`, () => this.phase() === phase)
  }

  async send(from: string, text: string, priority: Priority = 'normal'): Promise<Message> {
    const sender = from === 'user' ? 'user' : `office:${from}`
    const { message } = await this.#mailroom.post({ from: sender, to: 'alice', text, threadId: null, priority, key: null })
    this.#deliverer.wake(alice)
    return message
  }

  async delivery(message: Message): Promise<Delivery> {
    return (await this.#store.read((db) => db.deliveries.get(message.id, alice)))!
  }

  /** Until it is delivered or acknowledged, with proof, and the model was really asked with its text. */
  async arrived(message: Message): Promise<Delivery> {
    const found = await until(`#${message.n} is delivered (${JSON.stringify(message.text.slice(0, 40))})`, async () => {
      const now = await this.delivery(message)
      return now.state === 'delivered' || now.state === 'acked' ? now : null
    })
    await until(`the model has got #${message.n}`, () => this.asked(message))
    return found
  }

  /** Whether a request to the model held the whole text, as it is shown. */
  asked(message: Message): boolean {
    const text = JSON.stringify(printable(message.text)).slice(1, -1)
    return this.stage.asked.some((body) => body.includes(text) && body.includes(message.id))
  }

  why(message: Message): string | null {
    return this.#deliverer.waitingFor(message.id, alice)
  }

  /** What `explain message` says of it. */
  async explain(message: Message) {
    const parts = { store: this.#store, deliverer: this.#deliverer, clock: systemClock } as unknown as Parts
    const { deliveries } = await mail(parts)['explain.message']({ id: message.id }, { caller: { kind: 'operator', via: 'socket' }, signal: AbortSignal.timeout(60_000) })
    return deliveries[0]!
  }

  async close(): Promise<void> {
    await this.#deliverer.stop()
    this.#closing = true
    this.#sessions.closeAll()
    await this.#store.close()
    await this.stage.end()
  }

  addTools(server: McpServer): void {
    server.registerTool('inbox_read', { description: 'Fetch messages.', inputSchema: z.object({ ids: z.array(z.number()) }) }, async ({ ids }) => {
      const incarnation = this.run?.incarnation ?? ''
      const open = (await this.#fetching.open(alice, 100)).filter(({ message }) => ids.includes(message.n))
      this.#fetching.hand(alice, incarnation, open.map(({ message }) => message.id), true)
      return { content: open.map(({ message }) => ({ type: 'text' as const, text: `${message.id}\n${printable(message.text)}` })) }
    })
  }

  #take(address: string, incarnation: string, signal: Signal): void {
    this.#signals.take(address, incarnation, signal)
    if (signal.type === 'busy' || signal.type === 'idle') this.#fetching.confirm(address, incarnation).catch((error: unknown) => this.faults.push(error))
  }
}
