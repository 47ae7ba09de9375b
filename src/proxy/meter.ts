import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { UsageRecord } from '../core/runtime.ts'

/** What one call cost, under the name that its provider gave it. */
export type Cost = Omit<UsageRecord, 'at'>

/** Finds in the JSON of one answer what the call cost. One format each. */
export interface Tally {
  /** Most events of a stream are pieces of the answer: where this says no, the text is not even parsed. */
  wants(text: string): boolean
  /** An event, or a whole answer. What is told later counts. */
  take(value: Record<string, unknown>): void
  /** null: nothing that was taken says it. */
  cost(): Cost | null
}

/** One event, or an answer that is one JSON value, is read up to this size. Bytes. */
const longest = 8 * 1024 * 1024

const packings: Record<string, () => NodeJS.ReadWriteStream> = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress, zstd: createZstdDecompress }

/**
 * Reads what a model call cost from a copy of its answer, streamed or whole, however it is cut into pieces. `told` gets it
 * once, when the answer has ended, also one that was broken off. Takes whatever bytes there are, and throws nothing.
 */
export class Meter {
  #told: ((cost: Cost | null) => void) | null
  readonly #tally: Tally
  readonly #reading: Reading
  readonly #unpack: NodeJS.ReadWriteStream | null

  constructor(headers: Headers, tally: Tally, told: (cost: Cost | null) => void) {
    this.#told = told
    this.#tally = tally
    this.#reading = /^text\/event-stream\b/i.test(headers.get('content-type') ?? '') ? new EventReading(tally) : new WholeReading(tally)
    this.#unpack = packings[(headers.get('content-encoding') ?? '').trim().toLowerCase()]?.() ?? null
    this.#unpack?.on('data', (chunk: Buffer) => this.#reading.take(chunk))
    this.#unpack?.on('end', () => this.#finish())
    // Cut off in the middle: what was read counts.
    this.#unpack?.on('error', () => this.#finish())
  }

  feed(chunk: Buffer): void {
    if (this.#unpack === null) this.#reading.take(chunk)
    else this.#unpack.write(chunk)
  }

  end(): void {
    if (this.#unpack === null) this.#finish()
    else this.#unpack.end()
  }

  #finish(): void {
    if (this.#told === null) return
    this.#reading.end()
    this.#told(this.#tally.cost())
    this.#told = null
  }
}

interface Reading {
  take(chunk: Buffer): void
  end(): void
}

/** Pieces of one text, up to the length that is read. */
class Pieces {
  #pieces: Buffer[] = []
  #size = 0

  add(piece: Buffer): void {
    this.#size += piece.length
    if (this.#size > longest) this.#pieces = []
    else if (piece.length > 0) this.#pieces.push(piece)
  }

  /** What has come together, and an empty beginning. null: it was too long. */
  taken(): string | null {
    const text = this.#size > longest ? null : Buffer.concat(this.#pieces).toString()
    this.#pieces = []
    this.#size = 0
    return text
  }
}

/** An answer that is one JSON value, or a list of what would have been events. */
class WholeReading implements Reading {
  readonly #tally: Tally
  readonly #pieces = new Pieces()

  constructor(tally: Tally) {
    this.#tally = tally
  }

  take(chunk: Buffer): void {
    this.#pieces.add(chunk)
  }

  end(): void {
    const value = parsed(this.#pieces.taken() ?? '')
    for (const each of Array.isArray(value) ? value : [value]) if (isRecord(each)) this.#tally.take(each)
  }
}

const newline = 10

/** Server-sent events: lines of `data:`, an empty line after each event. */
class EventReading implements Reading {
  readonly #tally: Tally
  readonly #line = new Pieces()
  #data: string[] = []
  #size = 0

  constructor(tally: Tally) {
    this.#tally = tally
  }

  take(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#line.add(chunk.subarray(from, at))
      this.#endLine()
      from = at + 1
    }
    this.#line.add(chunk.subarray(from))
  }

  /** The last event may lack its end. */
  end(): void {
    this.#endLine()
    this.#endEvent()
  }

  #endLine(): void {
    const line = this.#line.taken()
    if (line === '' || line === '\r') return this.#endEvent()
    if (line !== null && !line.startsWith('data:')) return
    this.#size += line?.length ?? Infinity
    if (this.#size > longest) this.#data = []
    else if (line !== null) this.#data.push(line.slice('data:'.length))
  }

  #endEvent(): void {
    const text = this.#size > longest ? '' : this.#data.join('\n')
    this.#data = []
    this.#size = 0
    if (!this.#tally.wants(text)) return
    const value = parsed(text)
    if (isRecord(value)) this.#tally.take(value)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // cut off, or not the provider's own words
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** No call has more. A provider's answer is what anybody says who sits in its place. */
const mostTokens = 1e9
const longestName = 200

/** A number of tokens; what is none, or none that a call can have, is `otherwise`. */
export function tokenCount(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostTokens ? value : otherwise
}

/** An id or a model as the provider says it; null where it says none. */
export function nameIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, longestName) : null
}
