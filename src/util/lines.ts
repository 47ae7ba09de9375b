/** Cuts a byte stream at line feeds. A line over the limit is never collected: it shows as `too long` once, and is skipped. */
export class LineCutter {
  #parts: Buffer[] = []
  #size = 0
  #skipping = false
  readonly #limit: number

  /** `limit` in bytes, for one line. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The lines that this chunk ends, without their line feeds; empty ones left out. */
  push(chunk: Buffer): (Buffer | 'too long')[] {
    const lines: (Buffer | 'too long')[] = []
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, end), lines)
      if (this.#size > 0 && !this.#skipping) lines.push(this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts))
      this.#forget()
      this.#skipping = false
      from = end + 1
    }
    this.#keep(chunk.subarray(from), lines)
    return lines
  }

  #keep(part: Buffer, lines: (Buffer | 'too long')[]): void {
    if (this.#skipping || part.length === 0) return
    this.#size += part.length
    this.#parts.push(part)
    if (this.#size <= this.#limit) return
    this.#forget()
    this.#skipping = true
    lines.push('too long')
  }

  #forget(): void {
    this.#parts = []
    this.#size = 0
  }
}
