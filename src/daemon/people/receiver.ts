import type { Clock } from '../../core/clock.ts'
import type { Identity, Incoming, Polled } from '../../core/gateway.ts'
import type { Store } from '../../store/store.ts'
import { Pauses, pause } from './line.ts'

/** So often one thing that came in is tried before it is given up, and said so: it must not hold up all others. */
const mostAttempts = 3
/**
 * What comes from further back than this was numbered anew: a platform keeps fewer for one who is away. Telegram begins
 * with any number after a week without news, and so does another server of it.
 */
const mostBack = 100_000
/** Where nothing but what was heard already comes, ms. */
const againAfter = 1_000

export interface ReceiverParts {
  store: Store
  clock: Clock
  inbound: Polled
  /** Id of the gateway, for the journal. */
  gateway: string
  type: string
  identify(signal: AbortSignal): Promise<Identity>
  handle(incoming: Incoming, identity: Identity, signal: AbortSignal): Promise<void>
  /** Says to whoever did it that nothing came of it. Throws where even that cannot be done: it is then tried all over again. */
  lost(incoming: Incoming, identity: Identity, error: unknown): Promise<void>
  connected(identity: Identity): void
  trouble(error: unknown): void
  report(what: string, error: unknown): void
}

/** Positions belong to the platform's account, not to the name in the files. */
export function positionKey(type: string, identity: Pick<Identity, 'id'>): string {
  return `position ${type} ${identity.id}`
}

/**
 * Asks for what people said, one thing after the other. The position moves on only when a thing has had its effect, and each
 * effect knows the thing's key: what comes twice, or again after a crash, has it once.
 */
export class Receiver {
  readonly #parts: ReceiverParts
  readonly #pauses = new Pauses()

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const identity = await this.#parts.identify(signal)
        this.#parts.connected(identity)
        await this.#listen(identity, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#parts.trouble(error)
        await pause(this.#parts.clock, this.#pauses.failed(error), signal)
      }
    }
  }

  async #listen(identity: Identity, signal: AbortSignal): Promise<void> {
    const { store, clock, type, inbound, connected } = this.#parts
    const key = positionKey(type, identity)
    const kept = await store.read((db) => db.settings.get(key))
    let position = typeof kept === 'number' ? kept : 0
    while (!signal.aborted) {
      const all = await inbound.receive(position, signal)
      this.#pauses.worked()
      connected(identity)
      const before = position
      for (const incoming of all) {
        if (hasCome(incoming.position, position)) continue
        await this.#take(incoming, identity, signal)
        if (signal.aborted) return
        position = incoming.position
        await store.write(async (tx) => await tx.settings.put(key, position))
      }
      // A platform that gives again what was confirmed gives it at once.
      if (all.length > 0 && position === before) await pause(clock, againAfter, signal)
    }
  }

  async #take(incoming: Incoming, identity: Identity, signal: AbortSignal): Promise<void> {
    const { clock, report, gateway } = this.#parts
    const pauses = new Pauses()
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        return await this.#parts.handle(incoming, identity, signal)
      } catch (error) {
        if (signal.aborted) return
        report(`what came in at ${gateway}`, error)
        if (attempt >= mostAttempts) return await this.#parts.lost(incoming, identity, error)
        await pause(clock, pauses.failed(error), signal)
      }
    }
  }
}

/** Was heard already, by the position up to which all was. */
function hasCome(position: number, last: number): boolean {
  return position <= last && last - position < mostBack
}
