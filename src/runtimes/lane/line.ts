import { randomUUID } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { laneLine, longestLine, type LaneCall, type LaneEntry, type LaneHello } from '../../util/lane-link.ts'
import { parseRecord } from '../json.ts'
import { LineCutter } from '../../util/lines.ts'

/** The lane listens within a second of its start. ms */
const againMs = 100
/** From the write to its own entry in the record; a lane answers within milliseconds. ms */
const writeMs = 10_000

export interface LineListener {
  /** Each entry once, in order, over all connections of this line. `replayed`: it was there before this line was. */
  entry(entry: LaneEntry, replayed: boolean): void
  /** What an earlier line marked, before the first entry. */
  marked(state: unknown): void
  /** Everything that was there before this line has been heard. Once. */
  caughtUp(): void
  /** One of these threw: a CLI may say anything at all. The next entry is another chance. */
  wrong(error: unknown): void
}

/** The daemon's end of a lane's socket. Comes again whenever the connection is lost, until it is closed. */
export class LaneLine {
  readonly #path: string
  readonly #clock: Clock
  readonly #listener: LineListener
  readonly #writes = new Map<string, (written: boolean) => void>()
  #socket: Socket | null = null
  #next: number | null = null
  /** Entries below were there before us. */
  #replayTo: number | null = null
  #closed = false
  #cancel = (): void => undefined

  constructor(path: string, clock: Clock, listener: LineListener) {
    this.#path = path
    this.#clock = clock
    this.#listener = listener
    this.#cancel = clock.after(0, () => this.#connect())
  }

  /** Resolves with whether the CLI was given the line; the entry that shows it was heard by then. */
  write(message: unknown, tag: string = randomUUID(), fill: readonly string[] = []): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (written: boolean): void => {
        cancel()
        this.#writes.delete(tag)
        resolve(written)
      }
      const cancel = this.#clock.after(writeMs, () => done(false))
      this.#writes.set(tag, done)
      if (this.#socket === null || this.#closed) return done(false)
      this.#say({ op: 'write', text: JSON.stringify(message), tag, ...(fill.length === 0 ? {} : { fill }) })
    })
  }

  /** A later line may begin after this entry, and is given `state` instead of what came before. */
  mark(n: number, state: unknown): void {
    this.#say({ op: 'mark', n, state })
  }

  close(): void {
    this.#closed = true
    this.#cancel()
    this.#socket?.destroy()
    for (const done of this.#writes.values()) done(false)
  }

  #say(call: LaneCall): void {
    this.#socket?.write(laneLine(call))
  }

  #connect(): void {
    const socket = createConnection(this.#path)
    const cutter = new LineCutter(longestLine)
    let greeted = false
    socket.on('data', (chunk) => {
      for (const line of cutter.push(chunk)) {
        if (this.#closed || line === 'too long') continue
        const said = parseRecord(line.toString()) as (LaneHello | LaneEntry) | null
        // Another program has the socket: none of ours says that.
        if (said === null) return void socket.destroy()
        if ('hello' in said) greeted = this.#greet(socket, said)
        else if (greeted) this.#take(said)
      }
    })
    socket.on('error', () => undefined) // not there yet, or gone: told by the close
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null
      if (!this.#closed) this.#cancel = this.#clock.after(againMs, () => this.#connect())
    })
    if (this.#closed) socket.destroy()
  }

  #greet(socket: Socket, hello: LaneHello): true {
    this.#socket = socket
    if (this.#next === null) {
      this.#replayTo = hello.next
      this.#next = hello.first
      if (hello.mark !== null) {
        const { state } = hello.mark
        this.#tell(() => this.#listener.marked(state))
        this.#next = Math.max(hello.first, hello.mark.n + 1)
      }
    }
    this.#say({ op: 'follow', from: this.#next })
    this.#whenCaughtUp()
    return true
  }

  #take(entry: LaneEntry): void {
    this.#next = entry.n + 1
    this.#tell(() => this.#listener.entry(entry, this.#replayTo !== null))
    if (entry.kind === 'in') this.#writes.get(entry.tag)?.(true)
    if (entry.kind === 'exit') this.#say({ op: 'seen', n: entry.n })
    this.#whenCaughtUp()
  }

  #whenCaughtUp(): void {
    if (this.#replayTo === null || (this.#next ?? 0) < this.#replayTo) return
    this.#replayTo = null
    this.#tell(() => this.#listener.caughtUp())
  }

  /** Thrown in the middle of a socket's data it would end the daemon. */
  #tell(what: () => void): void {
    try {
      what()
    } catch (error) {
      this.#listener.wrong(error)
    }
  }
}
