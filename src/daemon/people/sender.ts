import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Content } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { paceWait, paced, type Pace } from '../../core/pace.ts'
import { quietUntil } from '../../core/people.ts'
import type { Store } from '../../store/store.ts'
import { Pauses, pause, type Opened } from './line.ts'

/** Rows that are looked at in one go: whatever quiet hours hold, an answer behind it is seen. */
const batch = 5_000
/** After this long without any event it looks again, ms: the clock may have been set. */
const longestSleep = 60_000

export interface SenderParts extends Opened {
  store: Store
  clock: Clock
  /** What really goes out now; null where nothing is left to send. */
  prepare(row: Outgoing): Promise<Content | null>
  sent(row: Outgoing): Promise<void>
  /** It never will: said to whoever wants it to go. */
  failed(row: Outgoing, why: string): Promise<void>
  /** The platform did not take it for now; null: it works again. */
  trouble(error: unknown): void
}

/** Takes the rows of one gateway out, in the order of each chat, no faster than the platform bears. Nothing is done before it is confirmed. */
export class Sender {
  readonly #parts: SenderParts
  readonly #pauses = new Pauses()
  readonly #paces = new Map<string, Pace>()
  /** Parts that are there while the store cannot write that down: nobody is told twice for that. By row. */
  readonly #there = new Map<string, Pick<Outgoing, 'parts' | 'platformId'>>()
  #whole: Pace | undefined
  #woken = Promise.withResolvers<void>()

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  wake(): void {
    this.#woken.resolve()
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#woken = Promise.withResolvers()
      const ms = await this.#step(signal)
      if (ms > 0) await this.#sleep(ms, signal)
    }
  }

  /** Sends one at most. How long to wait then, ms; new rows wake it, but not out of the platform's own pause. */
  async #step(signal: AbortSignal): Promise<number> {
    const { store, settings } = this.#parts
    try {
      const due = this.#choose(await store.read((db) => db.outbox.queued(settings.id, batch)))
      if (typeof due === 'number') return due
      await this.#send(due, signal)
      return 0
    } catch (error) {
      if (signal.aborted) return 0
      this.#parts.trouble(error)
      await pause(this.#parts.clock, this.#pauses.failed(error), signal)
      return 0
    }
  }

  /** The oldest that may go now, or how long until there may be one, ms. A row that waits holds only its own kind of its chat. */
  #choose(rows: Outgoing[]): Outgoing | number {
    const { clock, gateway: { carries } } = this.#parts
    const now = clock.elapsed()
    const all = paceWait(this.#whole, { perSecond: carries.perSecond, burst: carries.perSecond }, now)
    if (all > 0) return rows.length === 0 ? longestSleep : all
    let soonest = longestSleep
    const quiet = this.#quietFor()
    for (const row of rows) {
      const wait = Math.max(this.#isHeld(row) ? quiet : 0, paceWait(this.#paces.get(row.chat), { perSecond: carries.perChatPerSecond, burst: carries.burst }, now))
      if (wait <= 0) return row
      soonest = Math.min(soonest, wait)
    }
    return soonest
  }

  /** Until quiet hours are over, ms. */
  #quietFor(): number {
    const { clock, settings: { quietHours } } = this.#parts
    const until = quietUntil(quietHours, clock.now())
    return until === null ? 0 : Math.max(1, until - clock.now())
  }

  #isHeld({ urgency }: Outgoing): boolean {
    return urgency === 'ordinary' || (urgency === 'approval' && this.#parts.settings.quietHours?.approvals === 'wait')
  }

  async #send(row: Outgoing, signal: AbortSignal): Promise<void> {
    const { store, clock, gateway } = this.#parts
    const there = { ...row, ...this.#there.get(row.id) }
    let content: Content | null
    try {
      content = await this.#parts.prepare(row)
    } catch (error) {
      // What cannot be shown holds up nothing behind it.
      return await this.#refused(row, error)
    }
    if (content === null) return await this.#done(there)
    const now = clock.elapsed()
    const { perSecond, perChatPerSecond, burst } = gateway.carries
    this.#whole = paced(this.#whole, { perSecond, burst: perSecond }, now)
    this.#paces.set(row.chat, paced(this.#paces.get(row.chat), { perSecond: perChatPerSecond, burst }, now))
    let { parts, platformId } = there
    const part = async (message: string): Promise<void> => {
      parts += 1
      platformId ??= message
      this.#there.set(row.id, { parts, platformId })
      await store.write(async (tx) => await tx.outbox.update(row.id, { parts, platformId }))
    }
    try {
      await gateway.send({ id: row.id, chat: row.chat, silent: this.#isSilent(row), content }, { done: there.parts, part }, signal)
    } catch (error) {
      if (signal.aborted) throw error
      return await this.#refused({ ...row, parts, platformId }, error)
    }
    this.#pauses.worked()
    await this.#done({ ...row, parts, platformId })
  }

  #isSilent({ urgency, content }: Outgoing): boolean {
    const { clock, settings: { quietHours } } = this.#parts
    if (urgency === 'answer' && content.kind === 'text' && content.buttons.length === 0) return true
    return urgency === 'approval' && quietHours?.approvals === 'silent' && quietUntil(quietHours, clock.now()) !== null
  }

  async #done(row: Outgoing): Promise<void> {
    const { store, clock } = this.#parts
    const { id, gateway, chat, content, platformId, parts } = row
    await store.write(async (tx) => {
      await tx.outbox.update(id, { state: 'sent', sentAt: clock.now(), attempts: row.attempts + 1, parts, platformId, reason: null })
      await tx.journal({ type: 'outbox.sent', subject: id, agent: null, data: { gateway, chat, kind: content.kind, platformId } })
    })
    this.#there.delete(id)
    await this.#parts.sent(row)
  }

  /** Later, or never. Throws what holds up the whole gateway. */
  async #refused(row: Outgoing, error: unknown): Promise<void> {
    const { store } = this.#parts
    const reason = error instanceof TroupeError ? error.message : 'a defect of the gateway'
    const attempts = row.attempts + 1
    if (error instanceof TroupeError && ['throttled', 'unavailable', 'unauthorised', 'conflict'].includes(error.code)) {
      await store.write(async (tx) => await tx.outbox.update(row.id, { attempts, reason }))
      throw error
    }
    const { id, gateway, chat, content } = row
    await store.write(async (tx) => {
      await tx.outbox.update(id, { state: 'failed', attempts, reason })
      await tx.journal({ type: 'outbox.failed', subject: id, agent: null, data: { gateway, chat, kind: content.kind, why: reason } })
    })
    this.#there.delete(id)
    await this.#parts.failed(row, reason)
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    await Promise.race([this.#woken.promise, pause(this.#parts.clock, ms, AbortSignal.any([signal, stop.signal]))])
    stop.abort()
  }
}
