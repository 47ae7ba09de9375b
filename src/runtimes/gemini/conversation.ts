import { dirname } from 'node:path'
import { markerOf } from '../../core/envelope.ts'
import type { Proof } from '../../core/ladder.ts'
import { Lane } from '../../util/in-turn.ts'
import type { Parcels } from '../parcels.ts'
import type { Signals } from '../signals.ts'
import { plain } from './mentions.ts'
import { findSession, SessionRecord, type RecordFact } from './record.ts'

/** Usage older than this before the start was told by the incarnations of then. ms */
const usageReach = 24 * 60 * 60 * 1000
const clockSlack = 5_000

interface Parts {
  tmp: string
  parcels: Parcels
  signals: Signals
  /** Of this incarnation, ms: an earlier one's text proves nothing for it. */
  startedAt: number
  /** The last turn failed, at this time (ms), and nothing came after it. */
  failed(text: string, at: number): void
  /** The last turn was cancelled, and nothing came after it. */
  cancelled(): void
}

/** What stands in the conversation: proof of delivery, usage and failures, read from the session file. */
export class Conversation {
  readonly #parts: Parts
  readonly #proved = new Map<string, Proof>()
  #id: string | null
  #told: string | null = null
  #record: SessionRecord | null = null
  #place: string | null = null
  #compressions = { done: 0, vain: 0 }
  readonly #lane = new Lane()

  constructor(parts: Parts, id: string | null) {
    this.#parts = parts
    this.#id = id
  }

  /** There is a session file. */
  get found(): boolean {
    return this.#record !== null
  }

  /** What the CLI keeps for this working folder, from where it reads without asking; null before there is a session file. */
  get place(): string | null {
    return this.#place
  }

  /** How often a summary took the place of the conversation, as far as was read; and how often whoever asked for one was answered. */
  get compressions(): { done: number; vain: number } {
    return this.#compressions
  }

  /** `/clear` and the like begin another one in the same process. */
  follow(id: string): void {
    this.#tell(id)
    if (id === this.#id) return
    this.#id = id
    this.#record = null
  }

  /** Reads what is new. One reading after the other: each line counts once, and one that failed stops none of those to come. */
  read(): Promise<void> {
    return this.#lane.run(() => this.#read())
  }

  proofOf(marker: string): Proof | null {
    return this.#proved.get(marker) ?? null
  }

  /** It is no longer in the conversation. */
  forget(marker: string): void {
    this.#proved.delete(marker)
  }

  /** Once for each marker: the first proof counts. */
  prove(marker: string, proof: Proof, what: string, at: number): void {
    if (this.#proved.has(marker)) return
    this.#proved.set(marker, proof)
    this.#parts.signals.emit({ type: 'proof', marker, proof, evidence: { at, what, source: proof === 'hook' ? 'hook' : 'session-file' } })
  }

  async #read(): Promise<void> {
    const { tmp, startedAt, failed, cancelled } = this.#parts
    if (this.#record === null && this.#id !== null) {
      const file = await findSession(tmp, this.#id)
      if (file === null) return
      this.#record = new SessionRecord(file, this.#id)
      this.#place = dirname(dirname(file))
      this.#tell(this.#id)
    }
    if (this.#record === null) return
    let last: Extract<RecordFact, { type: 'failed' | 'cancelled' }> | null = null
    for await (const fact of this.#record.facts()) {
      if (fact.type === 'failed' || fact.type === 'cancelled') last = fact
      else if (fact.type === 'entered') last = null
      this.#take(fact)
    }
    if (last === null || last.at < startedAt - clockSlack) return
    if (last.type === 'failed') failed(last.text, last.at)
    else cancelled()
  }

  #take(fact: RecordFact): void {
    const { signals, startedAt, parcels } = this.#parts
    if (fact.type === 'compressed') {
      const { done, vain } = this.#compressions
      this.#compressions = fact.done ? { done: done + 1, vain } : { done, vain: vain + 1 }
    }
    if (fact.type === 'usage' && fact.usage.at >= startedAt - usageReach) signals.emit(fact)
    if (fact.type !== 'entered' || fact.at < startedAt - clockSlack) return
    const given = parcels.in(plain(fact.text)).map(({ parcel }) => parcel.marker)
    // Another daemon may have given the one whose envelope begins the text.
    const first = fact.by === 'prompt' ? markerOf(plain(fact.text)) : null
    for (const marker of first === null ? given : [...given, first]) this.prove(marker, 'record', 'its text stands in the session file', fact.at)
  }

  #tell(id: string): void {
    if (this.#told === id) return
    this.#told = id
    this.#parts.signals.emit({ type: 'session', id, evidence: { at: this.#parts.startedAt, what: `conversation ${id}`, source: 'session-file' } })
  }
}
