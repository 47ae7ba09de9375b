import { readFileSync, rmSync } from 'node:fs'
import { wholeMarkerOf } from '../../core/envelope.ts'
import { writeAtomic } from '../../util/atomic-write.ts'

/** What the input box shows in the place of a longer paste. */
const placeholder = /^\[Pasted Text: \d+ (?:lines|chars)(?: #\d+)?\]$/

/**
 * What troupe pasted into the input box and did not see leave it, because its Enter was lost, or the daemon ended before it was
 * pressed: it is troupe's to enter, and no draft of a person's. That something is pasted stands on the disk, for the next daemon.
 */
export class Unentered {
  readonly #file: string
  #marker: string | null
  /** As the box showed it; null: nobody has seen it yet. */
  #draft: string | null = null

  constructor(file: string) {
    this.#file = file
    this.#marker = markerIn(file)
  }

  /** Something may stand in the box. */
  get any(): boolean {
    return this.#marker !== null
  }

  /** Before the paste, into an empty box. */
  begin(marker: string): void {
    this.#marker = marker
    this.#draft = null
    try {
      writeAtomic(this.#file, marker)
    } catch {
      // a full disk: what this daemon knows has to do
    }
  }

  /** What the box shows of it. */
  drawn(draft: string): void {
    if (draft !== '') this.#draft = draft
  }

  /** It was taken, or the box holds nothing of it. */
  over(): void {
    if (!this.any) return
    this.#marker = this.#draft = null
    try {
      rmSync(this.#file, { force: true })
    } catch {
      // it stays, and means nothing over an empty box
    }
  }

  /** The message whose text this is, as its marker; null where the text is not troupe's. */
  markerOf(draft: string): string | null {
    const own = this.#draft === null ? placeholder.test(draft) : draft === this.#draft
    return (own ? this.#marker : null) ?? wholeMarkerOf(draft)
  }
}

function markerIn(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null // nothing was under way
  }
}
