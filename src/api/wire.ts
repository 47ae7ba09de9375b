import { TroupeError, type ErrorShape } from '../core/error.ts'
import { LineCutter } from '../util/lines.ts'

/**
 * The operator socket: JSON, one value a line, UTF-8. The client says hello first; after the server's
 * hello any number of requests run side by side, told apart by `id`. Kept free of heavy imports: the
 * CLI loads it on every start.
 */

/** Raised when a change would make an older client or daemon misread the other. */
export const protocolVersion = 1

/** The oldest protocol that this program still speaks, as client and as daemon. */
export const oldestProtocol = 1

/** Version of the program, as in package.json (a test compares them). */
export const programVersion = '0.2.0'

/** A message's 256 KiB, each byte escaped at worst, with room for the rest of the call. Bytes. */
export const longestLine = 1024 * 1024

/** The newest protocol that a program speaks, and the oldest; 0.1.0 names no oldest, and speaks one. */
export interface Spoken {
  protocol: number
  oldest?: number
}

export interface ClientHello extends Spoken {
  version: string
  pid: number
}

export interface ServerHello extends ClientHello {
  root: string
}

/** The file that a client makes beside the socket and holds open, for the challenge that the daemon gave it. */
export function proofName(challenge: string): string {
  return `proof-${challenge}`
}

/** Environment values that agents may get, as of the last `up`. Held in memory by daemon and keeper, never in a file. */
export interface HeldValues {
  /** When they were given, ms; the newer set wins. 0 where nobody gave them: those of the command that had to start the daemon. */
  at: number
  env: Record<string, string>
}

export type ClientLine =
  | { hello: ClientHello }
  /**
   * Before the first request, where the daemon's hello had a challenge (since 0.2.0): the descriptor by which the client holds the file of
   * that name open, mode 0600, empty; null where it could make none. Who names an `oldest` protocol in its hello owes it.
   */
  | { proof: { fd: number | null } }
  | { id: number; call: string; input: unknown }
  | { id: number; events: string | null }
  | { id: number; cancel: true }
  /** "I am the keeper": takes the one keeper's place, or is answered with the error `conflict`; `instead` (since 0.2.0) sends the one that is there away. */
  | { keeper: { values: HeldValues | null; instead?: boolean } }

export type ServerLine =
  /** `challenge`: 32 hexadecimal digits, another one for each connection; none where a client cannot prove which process it is. */
  | { hello: ServerHello & { challenge?: string } }
  | { id: number; ok: unknown }
  | { id: number; error: ErrorShape }
  | { id: number; item: StreamItem }
  /** About the connection itself; it is closed after this line. */
  | { error: ErrorShape }
  /** To the keeper: hold these for the next daemon. */
  | { hold: HeldValues }
  /** To the keeper: the daemon goes because it was asked to; end too. */
  | { leave: true }

/** What `GET /api/v1/events` and the `events` request on the socket send. `id` is the cursor after it, as text. */
export interface StreamItem {
  id: string
  event: 'journal' | 'reset'
  data: unknown
}

/** True where there is a protocol that both speak. Numbers that are none never fit. */
export function understand(a: Spoken, b: Spoken): boolean {
  return Math.min(a.protocol, b.protocol) >= Math.max(a.oldest ?? a.protocol, b.oldest ?? b.protocol)
}

/** Said by whichever side sees it first. Without the daemon being changed there is nothing a client can do. */
export function mismatch(client: { protocol: number; version: string }, daemon: ServerHello): TroupeError {
  const why = `the running daemon is troupe ${daemon.version}, this is ${client.version}: they speak different protocols`
  return new TroupeError('incompatible', why, {
    hint: client.protocol > daemon.protocol ? 'troupe daemon restart; agents go on' : `use troupe ${daemon.version} or newer`,
    facts: { client: client.protocol, daemon: daemon.protocol, pid: daemon.pid, version: daemon.version },
  })
}

export function writeLine(line: ClientLine | ServerLine): string {
  return `${JSON.stringify(line)}\n`
}

/** Cuts a byte stream into parsed lines. Throws `too_large` or `usage`; the stream is of no use after that. */
export class LineReader {
  readonly #limit: number
  readonly #cutter: LineCutter
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })

  /** `limit` in bytes, for one line. */
  constructor(limit: number) {
    this.#limit = limit
    this.#cutter = new LineCutter(limit)
  }

  push(chunk: Buffer): unknown[] {
    return this.#cutter.push(chunk).map((line) => this.#parse(line))
  }

  #parse(line: Buffer | 'too long'): unknown {
    if (line === 'too long') {
      throw new TroupeError('too_large', `a line is longer than ${this.#limit} bytes`, {
        hint: 'send less in one call',
        facts: { limit: this.#limit },
      })
    }
    try {
      return JSON.parse(this.#decoder.decode(line))
    } catch (cause) {
      throw new TroupeError('usage', 'a line is not JSON in UTF-8', { hint: 'one JSON object a line, UTF-8', cause })
    }
  }
}
