import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { writeLine, type ServerLine } from '../api/wire.ts'

/**
 * Lines on their way to one client. A client that does not read is first not read from any more (so it cannot
 * ask for more), and cut off once nothing of what it asked for has drained for `stallMs`.
 */
export class Outgoing {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #stallMs: number
  #waiting: (() => void)[] = []
  #stopTimer: (() => void) | null = null

  constructor(socket: Socket, clock: Clock, stallMs: number) {
    this.#socket = socket
    this.#clock = clock
    this.#stallMs = stallMs
    socket.on('drain', () => this.#release())
    socket.on('close', () => this.#release())
  }

  send(line: ServerLine): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    if (this.#socket.write(writeLine(line)) || this.#stopTimer !== null) return
    this.#socket.pause()
    this.#stopTimer = this.#clock.after(this.#stallMs, () => this.#socket.destroy())
  }

  /** The last line; the connection ends once it is out, or at the latest when it stalls. */
  end(line: ServerLine): void {
    this.send(line)
    this.#stopTimer ??= this.#clock.after(this.#stallMs, () => this.#socket.destroy())
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
