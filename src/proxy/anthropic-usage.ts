import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { UsageRecord } from '../core/runtime.ts'

/** An answer that is one JSON value is read up to this size. Bytes. */
const longest = 8 * 1024 * 1024

const packings: Record<string, () => NodeJS.ReadWriteStream> = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress, zstd: createZstdDecompress }

type Counts = UsageRecord['tokens']

/**
 * Reads what a call of the Messages API cost from a copy of its answer, streamed or whole. `told` gets it once, when the
 * answer has ended, also one that was broken off; null where there was no message.
 */
export class AnthropicMeter {
  #told: ((usage: Omit<UsageRecord, 'at'> | null) => void) | null
  readonly #isStream: boolean
  readonly #unpack: NodeJS.ReadWriteStream | null
  readonly #decoder = new TextDecoder()
  #rest = ''
  #id: string | null = null
  #model = ''
  #tokens: Counts = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

  constructor(headers: Headers, told: (usage: Omit<UsageRecord, 'at'> | null) => void) {
    this.#told = told
    this.#isStream = (headers.get('content-type') ?? '').startsWith('text/event-stream')
    this.#unpack = packings[headers.get('content-encoding') ?? '']?.() ?? null
    this.#unpack?.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#unpack?.on('end', () => this.#finish())
    // Cut off in the middle: what was read counts.
    this.#unpack?.on('error', () => this.#finish())
  }

  feed(chunk: Uint8Array): void {
    if (this.#unpack === null) this.#take(chunk)
    else this.#unpack.write(chunk)
  }

  end(): void {
    if (this.#unpack === null) this.#finish()
    else this.#unpack.end()
  }

  #take(chunk: Uint8Array): void {
    this.#rest += this.#decoder.decode(chunk, { stream: true })
    if (!this.#isStream) {
      if (this.#rest.length > longest) this.#rest = ''
      return
    }
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#readLine(line)
  }

  /** Most events are pieces of the answer: they are not even parsed. */
  #readLine(line: string): void {
    if (!line.startsWith('data:') || !/"message_(start|delta)"/.test(line)) return
    const event = parsed(line.slice('data:'.length))
    if (event === null) return
    if (event['type'] === 'message_start') this.#message(event['message'])
    if (event['type'] === 'message_delta') this.#count(event['usage'])
  }

  #message(message: unknown): void {
    if (!isRecord(message) || typeof message['id'] !== 'string' || message['type'] !== 'message') return
    this.#id = message['id']
    this.#model = String(message['model'])
    this.#count(message['usage'])
  }

  /** Totals so far, each time: the last ones count. */
  #count(usage: unknown): void {
    if (!isRecord(usage)) return
    const of = (name: string, before: number): number => (typeof usage[name] === 'number' ? usage[name] : before)
    const { input, output, cacheRead, cacheWrite } = this.#tokens
    this.#tokens = {
      input: of('input_tokens', input),
      output: of('output_tokens', output),
      cacheRead: of('cache_read_input_tokens', cacheRead),
      cacheWrite: of('cache_creation_input_tokens', cacheWrite),
    }
  }

  #finish(): void {
    if (!this.#isStream) this.#message(parsed(this.#rest))
    this.#rest = ''
    this.#told?.(this.#id === null ? null : { key: this.#id, model: this.#model, tokens: this.#tokens })
    this.#told = null
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null // cut off, or not the provider's own words
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
