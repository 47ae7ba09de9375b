import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { writeLine, type ServerLine } from '../api/wire.ts'

export interface OutgoingLimits {
  /** ms without anything being taken */
  stallMs: number
  /** Bytes that may wait when another line comes. */
  queuedBytes: number
}

/**
 * Lines on their way to one client. A client that does not read is first not read from any more (so it cannot
 * ask for more), and cut off once nothing has drained for a while, or too much waits.
 */
export class Outgoing {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #limits: OutgoingLimits
  #waiting: (() => void)[] = []
  #stopTimer: (() => void) | null = null

  constructor(socket: Socket, clock: Clock, limits: OutgoingLimits) {
    this.#socket = socket
    this.#clock = clock
    this.#limits = limits
    socket.on('drain', () => this.#release())
    socket.on('close', () => this.#release())
  }

  send(line: ServerLine): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    if (this.#socket.writableLength > this.#limits.queuedBytes) return void this.#socket.destroy()
    if (this.#socket.write(writeLine(line)) || this.#stopTimer !== null) return
    this.#socket.pause()
    this.#stopTimer = this.#clock.after(this.#limits.stallMs, () => this.#socket.destroy())
  }

  /** The last line; the connection ends once it is out, or at the latest when it stalls. */
  end(line: ServerLine): void {
    this.send(line)
    this.#stopTimer ??= this.#clock.after(this.#limits.stallMs, () => this.#socket.destroy())
    this.#socket.end()
  }

  /** Resolves when the client has taken everything, or is gone. */
  drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #release(): void {
    this.#stopTimer?.()
    this.#stopTimer = null
    if (!this.#socket.destroyed) this.#socket.resume()
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
