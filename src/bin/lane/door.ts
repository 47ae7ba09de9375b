import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { laneLine, longestLine, type LaneCall, type LaneEntry, type LaneHello } from '../../util/lane-link.ts'
import { LineCutter } from '../../util/lines.ts'
import type { Record } from './record.ts'

export interface DoorParts {
  record: Record
  write(text: string, tag: string, fill: readonly string[]): void
  /** Everything up to `n` was understood by somebody. */
  seen(n: number): void
}

/** The socket where the daemon hears what was said, from any entry on, and writes to the CLI. 0600, in a folder of its own. */
export class Door {
  readonly #parts: DoorParts
  readonly #listeners = new Set<Listener>()
  readonly #server: Server
  #mark: LaneHello['mark'] = null

  constructor(parts: DoorParts) {
    this.#parts = parts
    this.#server = createServer((socket) => this.#enter(socket))
  }

  /** Takes the place of a socket that a dead lane left. */
  async open(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
  }

  /** There is more to hear. */
  ring(): void {
    for (const listener of this.#listeners) listener.go()
  }

  close(): void {
    for (const listener of this.#listeners) listener.end()
    this.#server.close()
  }

  #enter(socket: Socket): void {
    const { record } = this.#parts
    const listener = new Listener(socket, record)
    const cutter = new LineCutter(longestLine)
    this.#listeners.add(listener)
    socket.on('close', () => this.#listeners.delete(listener))
    socket.on('error', () => undefined) // a daemon that was killed: it comes again
    socket.on('data', (chunk) => {
      for (const line of cutter.push(chunk)) this.#take(line, listener, socket)
    })
    socket.write(laneLine({ hello: 1, first: record.first, next: record.next, mark: this.#mark }))
  }

  #take(line: Buffer | 'too long', listener: Listener, socket: Socket): void {
    const call = line === 'too long' ? null : parse(line)
    switch (call?.op) {
      case 'follow':
        return listener.follow(call.from)
      case 'write':
        return this.#parts.write(call.text, call.tag, call.fill ?? [])
      case 'mark':
        this.#mark = { n: call.n, state: call.state }
        return
      case 'seen':
        return this.#parts.seen(call.n)
      default:
        socket.destroy() // not troupe
    }
  }
}

/** One that hears. Never more than the socket takes is under way, however slow it reads. */
class Listener {
  readonly #socket: Socket
  readonly #record: Record
  #next: number | null = null
  /** What was taken from the record and did not go out yet, next one last: the record is asked seldom, it may have to look on the disk. */
  #taken: LaneEntry[] = []
  #full = false

  constructor(socket: Socket, record: Record) {
    this.#socket = socket
    this.#record = record
    socket.on('drain', () => {
      this.#full = false
      this.go()
    })
  }

  follow(from: number): void {
    this.#next = from
    this.#taken = []
    this.go()
  }

  go(): void {
    while (this.#next !== null && !this.#full && !this.#socket.destroyed) {
      if (this.#taken.length === 0) this.#taken = this.#record.from(this.#next).toReversed()
      const entry = this.#taken.pop()
      if (entry === undefined) return
      this.#next = entry.n + 1
      this.#full = !this.#socket.write(laneLine(entry))
    }
  }

  end(): void {
    this.#socket.end()
  }
}

function parse(line: Buffer): LaneCall | null {
  try {
    return JSON.parse(line.toString()) as LaneCall
  } catch {
    return null
  }
}
