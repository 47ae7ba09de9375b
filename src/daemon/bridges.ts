import { v7 as uuid } from 'uuid'
import { bridgeState, checkBridge, type Bridge } from '../core/bridge.ts'
import { aging, type Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Message } from '../core/message.ts'
import type { Agent } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import { randomBytes16 } from '../util/random.ts'

/** While the store cannot take the end of a bridge. It permits nothing meanwhile. ms */
const retryMs = 1_000

interface Open {
  bridge: Bridge
  /** ms left, whatever is done to the time of day. */
  left(): number
}

export interface BridgeParts {
  store: Store
  clock: Clock
  /** Both ends are what it was opened for. */
  stands(bridge: Bridge): boolean
  report(what: string, error: unknown): void
}

/** The bridges that are open now. They close by themselves, also over a restart of the daemon, and for good with an end that leaves the team. */
export class Bridges {
  readonly #parts: BridgeParts
  #open: Open[] = []
  #stopTimer = (): void => undefined
  #leave = (): void => undefined
  #stopped = false

  constructor(parts: BridgeParts) {
    this.#parts = parts
  }

  async load(): Promise<void> {
    this.#open = (await this.#parts.store.read((db) => db.bridges.open())).map((bridge) => this.#counting(bridge))
  }

  async start(): Promise<void> {
    this.#stopped = false
    this.#leave()
    this.#leave = this.#parts.store.subscribe((events) => {
      if (events.some(({ type }) => type === 'team.applied') && this.#open.length > 0) this.#wake(0)
    })
    await this.#expire()
  }

  stop(): void {
    this.#stopped = true
    this.#leave()
    this.#stopTimer()
  }

  /** Those that permit anything at this moment. */
  now(): Bridge[] {
    return this.#open.filter(({ left }) => left() > 0).map(({ bridge }) => bridge)
  }

  /** Throws `denied` and `conflict`, see `checkBridge`. */
  async open(from: Agent, to: Agent, { topic, oneWay, ttlMs, by }: { topic: string; oneWay: boolean; ttlMs: number; by: string }): Promise<Bridge> {
    const { store, clock } = this.#parts
    checkBridge(from, to, oneWay, this.now())
    const at = clock.now()
    const draft = { id: uuid({ random: randomBytes16() }), a: from.address, b: to.address, topic, oneWay, openedBy: by, openedAt: at, expiresAt: at + ttlMs, closedAt: null, closedBy: null }
    const bridge = await store.write(async (tx) => {
      // Another one may have been opened at the same moment.
      checkBridge(from, to, oneWay, (await tx.bridges.open()).filter((each) => this.#known(each).left() > 0))
      const kept = await tx.bridges.insert(draft)
      await tx.journal({ type: 'bridge.opened', subject: kept.id, agent: null, data: { n: kept.n, a: kept.a, b: kept.b, topic, oneWay, by, expiresAt: kept.expiresAt } })
      return kept
    })
    this.#open.push(this.#counting(bridge))
    this.#arm()
    return bridge
  }

  /** By number or UUID. Throws `unknown`, or `conflict` where it is closed already. */
  async close(id: string, by: string): Promise<Bridge> {
    const found = await this.find(id)
    if (found.closedAt === null && (await this.#end(found, by))) return await this.find(found.id)
    const { n } = found
    throw new TroupeError('conflict', `bridge ${n} is ${bridgeState(await this.find(found.id))} already`, { hint: 'troupe bridge ls shows which are open', facts: { id: found.id, n } })
  }

  /** What was said over it, oldest first. */
  async log(id: string): Promise<{ bridge: Bridge; messages: Message[] }> {
    const bridge = await this.find(id)
    return { bridge, messages: await this.#parts.store.read((db) => db.bridges.log(bridge)) }
  }

  async find(id: string): Promise<Bridge> {
    const number = /^#?(\d{1,15})$/.exec(id)?.[1]
    const found = await this.#parts.store.read(async (db) => (number === undefined ? await db.bridges.get(id) : await db.bridges.byN(Number(number))))
    if (found !== undefined) return found
    throw new TroupeError('unknown', `there is no bridge ${id}`, { hint: 'troupe bridge ls lists them', facts: { id } })
  }

  #known(bridge: Bridge): Open {
    return this.#open.find((each) => each.bridge.id === bridge.id) ?? this.#counting(bridge)
  }

  #counting(bridge: Bridge): Open {
    const age = aging(this.#parts.clock, bridge.openedAt)
    return { bridge, left: () => bridge.expiresAt - bridge.openedAt - age() }
  }

  /** False if it was closed already. */
  async #end({ id, n, a, b }: Bridge, by: string): Promise<boolean> {
    const { store, clock } = this.#parts
    const ended = await store.write(async (tx) => {
      if (!(await tx.bridges.close(id, clock.now(), by))) return false
      await tx.journal({ type: 'bridge.closed', subject: id, agent: null, data: { n, a, b, by } })
      return true
    })
    this.#open = this.#open.filter(({ bridge }) => bridge.id !== id)
    this.#arm()
    return ended
  }

  async #expire(): Promise<void> {
    for (const { bridge, left } of [...this.#open]) {
      if (left() <= 0) await this.#end(bridge, 'expiry')
      // Whoever comes by the same name later is somebody else.
      else if (!this.#parts.stands(bridge)) await this.#end(bridge, 'team')
    }
    this.#arm()
  }

  #arm(): void {
    this.#stopTimer()
    if (this.#stopped || this.#open.length === 0) return
    this.#wake(Math.max(0, Math.ceil(Math.min(...this.#open.map(({ left }) => left())))))
  }

  #wake(ms: number): void {
    this.#stopTimer()
    this.#stopTimer = this.#parts.clock.after(ms, () => {
      this.#expire().catch((error: unknown) => {
        this.#parts.report('closing a bridge', error)
        if (!this.#stopped) this.#wake(retryMs)
      })
    })
  }
}
