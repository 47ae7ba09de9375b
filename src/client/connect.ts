import type { Input, OperationName, Output } from '../api/index.ts'
import type { ClientLine, ServerHello, ServerLine, StreamItem } from '../api/wire.ts'
import { fromShape, TroupeError } from '../core/error.ts'
import type { Client } from './client.ts'
import { openLines, type Lines } from './lines.ts'
import { Queue } from './queue.ts'

/** Items read ahead before the daemon is made to wait. */
const readAhead = 1000

/** A client over the operator socket. Throws `unavailable` if nobody listens there, `incompatible` for another protocol. */
export async function connect(options: { socket: string; timeoutMs?: number }): Promise<Client> {
  const lines = await openLines(options)
  return new SocketClient(lines)
}

interface Pending {
  done(ok: unknown): void
  fail(error: unknown): void
  item(item: StreamItem): void
}

class SocketClient implements Client {
  readonly daemon: ServerHello
  readonly #lines: Lines
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #gone: TroupeError | null = null

  constructor(lines: Lines) {
    this.#lines = lines
    this.daemon = lines.daemon
    lines.listen((line) => (line === null ? this.#lose(goneError()) : this.#take(line)))
  }

  call<K extends OperationName>(name: K, input: Input<K>, options: { signal?: AbortSignal } = {}): Promise<Output<K>> {
    return new Promise((resolve, reject) => {
      this.#request((id) => ({ id, call: name, input }), options.signal, {
        done: (ok) => resolve(ok as Output<K>),
        fail: reject,
        item: () => undefined,
      })
    })
  }

  async *events(cursor: string | null, signal: AbortSignal): AsyncGenerator<StreamItem> {
    const queue = new Queue<StreamItem>()
    const stop = new AbortController()
    const end = (): void => stop.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    this.#request((id) => ({ id, events: cursor }), stop.signal, {
      done: () => queue.end(),
      fail: (error) => (stop.signal.aborted ? queue.end() : queue.fail(error)),
      item: (item) => {
        queue.push(item)
        if (queue.length >= readAhead) this.#lines.pause()
      },
    })
    try {
      for await (const item of queue.read()) {
        if (queue.length === 0) this.#lines.resume()
        yield item
      }
    } finally {
      signal.removeEventListener('abort', end)
      stop.abort()
      this.#lines.resume()
    }
  }

  close(): void {
    this.#lose(new TroupeError('unavailable', 'the connection was closed', { hint: 'connect again' }))
    this.#lines.close()
  }

  #request(line: (id: number) => ClientLine, signal: AbortSignal | undefined, pending: Pending): void {
    if (this.#gone !== null) return pending.fail(this.#gone)
    if (signal?.aborted === true) return pending.fail(signal.reason)
    const id = (this.#lastId += 1)
    const cancel = (): void => {
      this.#pending.delete(id)
      this.#lines.send({ id, cancel: true })
      pending.fail(signal?.reason)
    }
    const settled = (): void => {
      this.#pending.delete(id)
      signal?.removeEventListener('abort', cancel)
    }
    signal?.addEventListener('abort', cancel, { once: true })
    this.#pending.set(id, {
      item: pending.item,
      done: (ok) => (settled(), pending.done(ok)),
      fail: (error) => (settled(), pending.fail(error)),
    })
    this.#lines.send(line(id))
  }

  #take(line: ServerLine): void {
    if ('error' in line && !('id' in line)) return this.#lose(fromShape(line.error))
    if (!('id' in line)) return
    const pending = this.#pending.get(line.id)
    if (pending === undefined) return // cancelled meanwhile
    if ('item' in line) pending.item(line.item)
    else if ('error' in line) pending.fail(fromShape(line.error))
    else pending.done(line.ok)
  }

  #lose(why: TroupeError): void {
    this.#gone ??= why
    for (const pending of this.#pending.values()) pending.fail(this.#gone)
  }
}

function goneError(): TroupeError {
  return new TroupeError('unavailable', 'the daemon went away before it answered', {
    hint: 'run the command again; troupe daemon logs says why',
  })
}
