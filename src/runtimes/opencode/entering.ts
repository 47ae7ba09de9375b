import type { Attempt, Parcel } from '../../core/runtime.ts'
import type { Echoes } from '../echoes.ts'
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
