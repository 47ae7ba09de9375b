import { markerOf } from '../../core/envelope.ts'
import type { Proof } from '../../core/ladder.ts'
import { Lane } from '../../util/in-turn.ts'
import type { Parcels } from '../parcels.ts'
import type { Signals } from '../signals.ts'
import { Rollout, type RolloutFact } from './rollout.ts'

/** Usage older than this before the start was told by the incarnations of then. ms */
const usageReach = 24 * 60 * 60 * 1000
const clockSlack = 5_000

interface Parts {
  parcels: Parcels
  signals: Signals
  /** Of this incarnation, ms: an earlier one's text proves nothing for it. */
  startedAt: number
}

/** What stands in the conversation, and what it cost: proof of delivery and usage, those of its subagents included. */
export class Conversation {
  readonly #parts: Parts
  readonly #proved = new Map<string, Proof>()
  readonly #lane = new Lane()
  readonly #files = new Map<string, { rollout: Rollout; own: boolean }>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** From now on this file is read too. `own`: of the agent itself, not of a subagent. */
  follow(file: string, own: boolean): void {
    if (!this.#files.has(file)) this.#files.set(file, { rollout: new Rollout(file), own })
  }

  /** Reads what is new. Cheap where nothing is. One reading after the other: each line counts once. */
  read(): Promise<void> {
    return this.#lane.run(() => this.#readNew())
  }

  async #readNew(): Promise<void> {
    for (const { rollout, own } of [...this.#files.values()]) for await (const fact of rollout.facts()) this.#take(fact, own)
  }

  proofOf(marker: string): Proof | null {
    return this.#proved.get(marker) ?? null
  }

  /** Once for each marker: the first proof counts. */
  prove(marker: string, proof: Proof, what: string, at: number): void {
    if (this.#proved.has(marker)) return
    this.#proved.set(marker, proof)
    this.#parts.signals.emit({ type: 'proof', marker, proof, evidence: { at, what, source: proof === 'protocol' ? 'app-server' : 'rollout' } })
  }

  /** Those we gave, and the one whose envelope begins the text: another daemon may have given it. */
  markersIn(text: string): string[] {
    const given = this.#parts.parcels.in(text).map(({ parcel }) => parcel.marker)
    const first = markerOf(text)
    return first === null ? given : [...given, first]
  }

  #take(fact: RolloutFact, own: boolean): void {
    const { signals, startedAt } = this.#parts
    if (fact.type === 'usage') {
      if (fact.usage.at >= startedAt - usageReach) signals.emit(fact)
      return
    }
    if (!own || fact.at < startedAt - clockSlack) return
    for (const marker of this.markersIn(fact.text)) this.prove(marker, 'record', 'its text stands in the record of the conversation', fact.at)
  }
}
