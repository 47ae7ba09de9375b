import { markerOf } from '../../core/envelope.ts'
import type { Proof } from '../../core/ladder.ts'
import { findTranscript, type ClaudeHome } from './home.ts'
import type { Parcels } from '../parcels.ts'
import type { Signals } from '../signals.ts'
import { Transcript, type TranscriptFact } from './transcript.ts'

/** Usage older than this before the start was told by the incarnations of then. ms */
const usageReach = 24 * 60 * 60 * 1000
const clockSlack = 5_000

/** Claude's words around a message that did not come from its person, as they stand in the transcript. */
const wrappers = /^(Another Claude session sent a message:|Stop hook feedback:)\n/

interface Parts {
  home: ClaudeHome
  parcels: Parcels
  signals: Signals
  /** Of this incarnation, ms: an earlier one's text proves nothing for it. */
  startedAt: number
  /** The model's API was asked again, at this time (ms). */
  retried(at: number): void
  /** The last turn failed, at this time (ms), and nothing came after it. */
  failed(error: string, text: string, at: number): void
}

/** What stands in the conversation: proof of delivery and usage, read from the transcript. */
export class Conversation {
  readonly #parts: Parts
  readonly #proved = new Map<string, Proof>()
  #id: string | null
  #transcript: Transcript | null = null

  constructor(parts: Parts, id: string | null) {
    this.#parts = parts
    this.#id = id
  }

  /** `/clear` and the like begin another one in the same process. What the old one still held is read first. */
  async follow(id: string): Promise<void> {
    if (id === this.#id) return
    await this.read()
    this.#id = id
    this.#transcript = null
  }

  /** Reads what is new. Cheap where nothing is. */
  async read(): Promise<void> {
    const { home } = this.#parts
    if (this.#transcript === null && this.#id !== null) {
      const file = await findTranscript(home, this.#id)
      if (file !== null) this.#transcript = new Transcript(file)
    }
    if (this.#transcript === null) return
    let failure: Extract<TranscriptFact, { type: 'failed' }> | null = null
    for await (const fact of this.#transcript.facts()) {
      if (fact.type !== 'retry') failure = fact.type === 'failed' ? fact : null
      this.#take(fact)
    }
    if (failure !== null && failure.at >= this.#parts.startedAt - clockSlack) this.#parts.failed(failure.error, failure.text, failure.at)
  }

  proofOf(marker: string): Proof | null {
    return this.#proved.get(marker) ?? null
  }

  /** Once for each marker: the first proof counts. */
  prove(marker: string, proof: Proof, what: string, at: number): void {
    if (this.#proved.has(marker)) return
    this.#proved.set(marker, proof)
    this.#parts.signals.emit({ type: 'proof', marker, proof, evidence: { at, what, source: proof === 'hook' ? 'hook' : 'transcript' } })
  }

  #take(fact: TranscriptFact): void {
    const { signals, startedAt } = this.#parts
    if (fact.type === 'usage') {
      if (fact.usage.at >= startedAt - usageReach) signals.emit(fact)
      return
    }
    if (fact.type === 'retry') return this.#parts.retried(fact.at)
    if (fact.type === 'failed') return // told once all is read: what comes after it may show that it is over
    if (fact.at < startedAt - clockSlack) return
    for (const marker of this.#markers(fact.text)) this.prove(marker, 'record', 'its text stands in the transcript', fact.at)
  }

  /** Those we gave, and the one whose envelope begins the text: another daemon may have given it. */
  #markers(text: string): string[] {
    const given = this.#parts.parcels.in(text).map(({ parcel }) => parcel.marker)
    const first = markerOf(text.replace(wrappers, ''))
    return first === null ? given : [...given, first]
  }
}
