import type { Clock } from '../../core/clock.ts'
import type { Attempt, Parcel, Signal } from '../../core/runtime.ts'
import type { Parcels } from '../parcels.ts'
import { dataUrl, readPictures } from '../pictures.ts'
import type { Client } from './client.ts'
import type { Conversation } from './conversation.ts'

/** An idle OpenCode begins a turn within 200 ms; on a busy machine it may take longer. ms */
const echoPatience = 3_000
const queued = 'queued for the next call of its model'

interface Parts {
  client: Client
  session: string
  conversation: Conversation
  parcels: Parcels
  echoes: Echoes
  /** A turn begins with what is said now. */
  begins(): void
}

export async function isBusy(client: Client, session: string): Promise<boolean> {
  const status = (await client.statuses())[session]?.['type']
  return status === 'busy' || status === 'retry'
}

/** Puts a message into the conversation, once: one that stands there already is gone on with. */
export async function enter(parcel: Parcel, { client, session, conversation, parcels, echoes, begins }: Parts): Promise<Attempt> {
  try {
    const busy = await isBusy(client, session)
    await conversation.read(session)
    parcels.add(parcel, 'push')
    const proof = conversation.proofOf(parcel.marker)
    if (proof !== null) return { result: 'proved', proof, what: 'it stands in the conversation' }
    const there = conversation.find(parcel.marker)
    if (there !== null && busy) return { result: 'taken', what: queued }
    begins()
    if (there !== null) await client.goOn(session, there)
    else await client.prompt(session, await partsOf(parcel))
    if (busy) return { result: 'taken', what: queued }
    return (await echoes.of(parcel.marker, echoPatience)) ?? { result: 'taken', what: 'given to its API' }
  } catch (error) {
    parcels.forget(parcel)
    return { result: 'refused', why: `its API: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** The words, then the pictures. */
async function partsOf(parcel: Parcel): Promise<Record<string, unknown>[]> {
  const pictures = await readPictures(parcel)
  return [{ type: 'text', text: parcel.text }, ...pictures.flatMap((each) => [{ type: 'text', text: each.label }, { type: 'file', mime: each.mime, url: dataUrl(each) }])]
}

/**
 * A turn that a person's no has ended leaves behind what was queued for it: the conversation is told to go on with that.
 */
export async function goOn({ client, session, conversation }: Pick<Parts, 'client' | 'session' | 'conversation'>): Promise<void> {
  const { waiting } = conversation
  if (waiting === null || (await isBusy(client, session))) return
  await conversation.read(session)
  if (conversation.waiting?.message === waiting.message) await client.goOn(session, waiting)
}

/** Those who wait for a proof. */
export class Echoes {
  readonly #clock: Clock
  readonly #waiters = new Map<string, (attempt: Attempt | null) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What becomes of a marker within `ms`: proved, or null. */
  of(marker: string, ms: number): Promise<Attempt | null> {
    return new Promise((resolve) => {
      const done = (attempt: Attempt | null) => {
        cancel()
        this.#waiters.delete(marker)
        resolve(attempt)
      }
      const cancel = this.#clock.after(ms, () => done(null))
      this.#waiters.set(marker, done)
    })
  }

  heard(signal: Signal): void {
    if (signal.type === 'proof') this.#waiters.get(signal.marker)?.({ result: 'proved', proof: signal.proof, what: signal.evidence.what })
  }

  close(): void {
    for (const settle of [...this.#waiters.values()]) settle(null)
  }
}
