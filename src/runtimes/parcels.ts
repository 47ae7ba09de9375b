import type { Parcel } from '../core/runtime.ts'
import type { Rung } from '../core/ladder.ts'

interface Sent {
  parcel: Parcel
  head: string
  rung: Rung
}

/** How many parcels are remembered as on their way. Beyond it the oldest is found again by its header alone. */
const most = 1_000

/** What was given to a CLI and is looked for in hooks and transcript. */
export class Parcels {
  readonly #sent = new Map<string, Sent>()

  add(parcel: Parcel, rung: Rung): void {
    this.#sent.delete(parcel.marker)
    this.#sent.set(parcel.marker, { parcel, head: head(parcel), rung })
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > most && oldest !== undefined) this.#sent.delete(oldest)
  }

  forget(parcel: Parcel): void {
    this.#sent.delete(parcel.marker)
  }

  /** Those whose envelope stands in the text. */
  in(text: string): { parcel: Parcel; rung: Rung }[] {
    return [...this.#sent.values()].filter((sent) => text.includes(sent.head))
  }
}

/**
 * The envelope up to the line after its marker: with the nonce in it, so that nobody's words can look like it.
 */
function head({ text, marker }: Parcel): string {
  const at = text.indexOf(marker)
  const line = text.indexOf('\n', at)
  const next = line < 0 ? -1 : text.indexOf('\n', line + 1)
  return next < 0 ? text : text.slice(0, next)
}
