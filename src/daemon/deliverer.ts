import { randomBytes } from 'node:crypto'
import { isPerson } from '../core/acl.ts'
import type { Clock } from '../core/clock.ts'
import { next, type Delivery } from '../core/delivery.ts'
import { isPreview, render } from '../core/envelope.ts'
import { TroupeError } from '../core/error.ts'
import type { Proof, Rung } from '../core/ladder.ts'
import type { Message } from '../core/message.ts'
import { activityOf, type Evidence } from '../core/phase.ts'
import type { Attempt, Parcel, Picture, Runtime, Session } from '../core/runtime.ts'
import { findAgent, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import { proofPatience, type Offers } from './offers.ts'
import type { Sessions } from './sessions.ts'

/** How long after a refusal of every rung the next try comes without any event. ms */
const refusedPause = 2_000
/** How long after a fault that no rung foresaw it is tried again. ms */
const faultPause = 5_000
/** Messages looked at in one go, per recipient. */
const batch = 100

/** What showed that a message arrived, and when, ms. */
type Seen = Pick<Evidence, 'at' | 'what'>

interface Open {
  message: Message
  delivery: Delivery
}

interface Entry {
  runtime: Runtime
  session: Session
}

export interface DelivererParts {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  offers: Offers
  /** Of a message to this recipient, those that can be shown with it. */
  picturesOf(message: Message, recipient: string): Picture[]
  team(): Team
  report(what: string, error: unknown): void
}

/**
 * Brings queued messages to agents that run: one recipient at a time, each sender's in order.
 * Woken by new mail, by a change of an agent's phase, and by its own timers; it never polls.
 */
export class Deliverer {
  readonly #parts: DelivererParts
  readonly #serving = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, { at: number; cancel: () => void }>()
  /** Why a delivery waits, for `explain`. */
  readonly #waits = new Map<string, string>()
  readonly #refused = new Set<(recipient: string) => void>()
  #fetches: (incarnation: string) => boolean = () => false
  #stopped = false

  constructor(parts: DelivererParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    this.#parts.agents.subscribe((after, before) => {
      if (after.phase.name !== before.phase.name || activityOf(after.phase) !== activityOf(before.phase) || after.incarnation !== before.incarnation) this.wake(after.address)
    })
    for (const recipient of await this.#parts.store.read((db) => db.deliveries.waiting())) this.wake(recipient)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const { cancel } of this.#timers.values()) cancel()
    await Promise.allSettled(this.#serving.values())
  }

  wake(recipient: string): void {
    if (this.#stopped) return
    if (this.#serving.has(recipient)) {
      this.#again.add(recipient)
      return
    }
    const work = this.#serve(recipient)
      .catch((error: unknown) => this.#fault(recipient, error))
      .finally(() => {
        this.#serving.delete(recipient)
        if (this.#again.delete(recipient)) this.wake(recipient)
      })
    this.#serving.set(recipient, work)
  }

  /** Why this delivery is still queued, in words; null if there is nothing to say. */
  waitingFor(messageId: string, recipient: string): string | null {
    const { team, agents } = this.#parts
    if (findAgent(team(), recipient) === undefined) return 'the agent to be in the team'
    const { incarnation, phase } = agents.get(recipient)
    if (incarnation === null) return `the agent to run (it is ${phase.name})`
    if (this.#parts.offers.isOffered(messageId, recipient, incarnation)) return 'proof that it arrived'
    return this.#waits.get(key(messageId, recipient)) ?? null
  }

  /** Told when every rung refused a message: it can be fetched at once. Returns the way out. */
  subscribe(listener: (recipient: string) => void): () => void {
    this.#refused.add(listener)
    return () => this.#refused.delete(listener)
  }

  /** Who tells of an incarnation that a call of its own waits for mail: it gets it by that call, and is pushed nothing. */
  yieldTo(fetches: (incarnation: string) => boolean): void {
    this.#fetches = fetches
  }

  /** Proof came in by a hook, a protocol or a record. A beginning that was shown is no delivery of the whole. */
  async proved(recipient: string, incarnation: string, marker: string, proof: Proof, seen: Seen): Promise<void> {
    const message = await this.#parts.store.read((db) => db.messages.get(marker))
    if (message === undefined) return
    if (isPreview(message.text) && proof !== 'tool') return
    await this.delivered(recipient, incarnation, message.id, proof, seen)
  }

  /** True if this made it delivered (to this incarnation); false if it was already, or is acked. */
  async delivered(recipient: string, incarnation: string, messageId: string, proof: Proof, seen: Seen): Promise<boolean> {
    const rung = this.#parts.offers.proving(messageId, recipient, incarnation, proof === 'tool')
    try {
      return await this.#recordDelivered(recipient, incarnation, messageId, proof, rung, seen)
    } finally {
      this.forget(messageId, recipient)
    }
  }

  async #recordDelivered(recipient: string, incarnation: string, messageId: string, proof: Proof, rung: Rung, { at, what }: Seen): Promise<boolean> {
    const { store, clock } = this.#parts
    // Of the proof, not of this note of it: what the agent says while the store is slow came after it.
    const deliveredAt = Math.min(at, clock.now())
    return await store.write(async (tx) => {
      const before = await tx.deliveries.get(messageId, recipient)
      if (before === undefined || before.state === 'acked' || before.state === 'dead') return false
      if (before.state === 'delivered' && before.incarnation === incarnation) return false
      const change = { state: 'delivered', proof, rung, incarnation, typed: false, deliveredAt } as const
      if (!(await tx.deliveries.update(messageId, recipient, ['queued', 'delivered'], change))) return false
      await tx.journal({
        type: 'delivery.delivered',
        subject: messageId,
        agent: recipient,
        data: { n: before.n, to: recipient, proof, rung, incarnation, what, again: before.state === 'delivered' },
      })
      return true
    })
  }

  async #serve(recipient: string): Promise<void> {
    const { store, agents, sessions } = this.#parts
    const { incarnation } = agents.get(recipient)
    const entry = sessions.get(incarnation)
    if (incarnation === null || entry === undefined) return
    /** Senders one of whose messages must wait: their later ones wait behind it. */
    const held = new Set<string>()
    for (let after = 0; ; ) {
      const due = await store.read((db) => db.deliveries.due(recipient, incarnation, after, batch))
      for (const each of due) {
        await this.#step(each, incarnation, entry, held).catch((error: unknown) => {
          held.add(each.message.from)
          this.#fault(recipient, error)
        })
      }
      after = due.at(-1)?.message.n ?? after
      if (due.length < batch || this.#stopped) return
    }
  }

  async #step(each: Open, incarnation: string, entry: Entry, held: Set<string>): Promise<void> {
    const { message, delivery } = each
    const { phase } = this.#parts.agents.get(delivery.recipient)
    if (await this.#isForAnother(each, incarnation)) return
    if (delivery.typed && delivery.incarnation === incarnation) return
    if (held.has(message.from) && message.control === null) return
    if (this.#fetches(incarnation)) {
      held.add(message.from)
      return this.#wait(each, 'the agent’s own call, which waits for mail')
    }
    const step = next({ priority: message.priority, trust: message.trust, control: message.control !== null }, { phase, rungs: entry.runtime.abilities.rungs })
    if (step.do === 'wait') this.#wait(each, step.for)
    const gone = step.do === 'offer' && (await this.#offer(each, step.rungs, entry, incarnation, activityOf(phase) === 'idle'))
    if (!gone) held.add(message.from)
  }

  /** A control message for an incarnation that is over must not act on the next one. */
  async #isForAnother({ message, delivery }: Open, incarnation: string): Promise<boolean> {
    const { control } = message
    if (control === null || control.incarnation === incarnation) return false
    const reason = `meant for incarnation ${control.incarnation.slice(-12)}, which is over`
    await this.#parts.store.write(async (tx) => {
      if (!(await tx.deliveries.update(message.id, delivery.recipient, ['queued', 'delivered'], { state: 'dead', reason }))) return
      await tx.journal({ type: 'delivery.dead', subject: message.id, agent: delivery.recipient, data: { n: delivery.n, to: delivery.recipient, reason } })
    })
    return true
  }

  /** True when the message is on its way (or as far as it can be pushed), so that later ones of its sender may follow. */
  async #offer(each: Open, rungs: Rung[], { runtime, session }: Entry, incarnation: string, idle: boolean): Promise<boolean> {
    const { message, delivery } = each
    const { offers } = this.#parts
    const to = delivery.recipient
    if (!(await this.#isStillDue(each, incarnation))) return true
    const offer = offers.state(message.id, to, incarnation)
    if (offer.is === 'over') {
      if (!offers.isSettled(message.id, to)) this.#wait(each, 'the agent to fetch it: it was given it again and again, and nothing proved that it arrived')
      return true
    }
    // A busy agent may take its time: what it was given stays given.
    if (offer.is === 'waits' || (offer.count > 1 && !idle)) {
      if (offer.is === 'waits' && idle) this.#later(to, offer.ms)
      return true
    }
    const { count } = offer
    const refusals: string[] = []
    for (const rung of rungs) {
      offers.begin(message.id, to, incarnation, rung, count)
      const attempt = await this.#attempt(session, rung, this.#parcel(each, runtime.abilities.images.message.includes(rung), count > 1), to)
      if (attempt === null) {
        offers.forget(message.id, to)
        this.#wait(each, `another try by ${rung}: the last one failed (see troupe daemon logs)`)
        this.#later(to, faultPause)
        return false
      }
      if (attempt.result === 'refused') {
        offers.forget(message.id, to)
        refusals.push(`${rung}: ${attempt.why}`)
        continue
      }
      if (offers.isSettled(message.id, to)) return true
      if (attempt.result === 'proved' && !isPreview(message.text)) {
        await this.proved(to, incarnation, message.id, attempt.proof, { at: this.#parts.clock.now(), what: attempt.what })
        return true
      }
      await this.#note(each, rung, incarnation, attempt)
      if (attempt.result === 'typed') offers.typed(message.id, to, incarnation, rung)
      else this.#later(to, proofPatience)
      return true
    }
    this.#wait(each, refusals.join('; '))
    this.#later(to, refusedPause)
    for (const listener of this.#refused) listener(to)
    return false
  }

  /** What was due when it was read may have arrived while the messages before it were offered. */
  async #isStillDue({ message, delivery }: Open, incarnation: string): Promise<boolean> {
    const now = await this.#parts.store.read((db) => db.deliveries.get(message.id, delivery.recipient))
    return now?.state === 'queued' || (now?.state === 'delivered' && now.incarnation !== incarnation)
  }

  /** null: it went wrong, and how far it came cannot be known. A terminal that cannot take it whole took nothing. */
  async #attempt(session: Session, rung: Rung, parcel: Parcel, recipient: string): Promise<Attempt | null> {
    try {
      return await session.deliver(rung, parcel)
    } catch (error) {
      if (error instanceof TroupeError && error.code === 'incompatible') return { result: 'refused', why: error.message }
      this.#parts.report(`delivery to ${recipient} by ${rung}`, error)
      return null
    }
  }

  async #note({ message, delivery }: Open, rung: Rung, incarnation: string, attempt: Attempt & { what: string }): Promise<void> {
    await this.#parts.store.write(async (tx) => {
      const change = { rung, incarnation, attempts: delivery.attempts + 1, typed: attempt.result === 'typed' }
      if (!(await tx.deliveries.update(message.id, delivery.recipient, ['queued', 'delivered'], keepProof(delivery, change)))) return
      await tx.journal({
        type: 'delivery.offered',
        subject: message.id,
        agent: delivery.recipient,
        data: { n: delivery.n, to: delivery.recipient, rung, incarnation, result: attempt.result, what: attempt.what },
      })
    })
  }

  #parcel({ message, delivery }: Open, withPictures: boolean, again: boolean): Parcel {
    const sender = findAgent(this.#parts.team(), message.from)
    return render({
      name: sender?.displayName ?? null,
      message,
      role: isPerson(message.from) ? null : (sender?.role ?? null),
      trust: message.trust,
      nonce: randomBytes(6).toString('hex'),
      again: again || delivery.attempts > 0,
      pictures: withPictures ? this.#parts.picturesOf(message, delivery.recipient) : [],
    })
  }

  #wait({ message, delivery }: Open, what: string): void {
    this.#waits.set(key(message.id, delivery.recipient), what)
  }

  /** Acknowledged, or arrived: nothing of it is on its way any more. */
  forget(messageId: string, recipient: string): void {
    this.#parts.offers.forget(messageId, recipient)
    this.#waits.delete(key(messageId, recipient))
  }

  /** Told, and tried again: neither this recipient's other mail nor anybody else's waits for it. */
  #fault(recipient: string, error: unknown): void {
    this.#parts.report(`delivery to ${recipient}`, error)
    if (!this.#stopped) this.#later(recipient, faultPause)
  }

  #later(recipient: string, ms: number): void {
    if (this.#stopped) return
    const { clock } = this.#parts
    const wait = Math.max(ms, 100)
    const at = clock.elapsed() + wait
    const earlier = this.#timers.get(recipient)
    // One look serves all of its mail, and sets the next: the nearest one counts.
    if (earlier !== undefined && earlier.at <= at) return
    earlier?.cancel()
    const cancel = clock.after(wait, () => {
      this.#timers.delete(recipient)
      this.wake(recipient)
    })
    this.#timers.set(recipient, { at, cancel })
  }
}

/** Who proved it stays on record until the new incarnation proves it too. */
function keepProof<T extends { incarnation: string }>(delivery: Delivery, change: T): Omit<T, 'incarnation'> | T {
  if (delivery.state !== 'delivered') return change
  const { incarnation: _, ...rest } = change
  return rest
}

function key(messageId: string, recipient: string): string {
  return `${messageId} ${recipient}`
}
