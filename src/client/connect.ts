import { createConnection, type Socket } from 'node:net'
import type { Input, OperationName, Output } from '../api/index.ts'
import { LineReader, programVersion, protocolVersion, writeLine, type ClientLine, type ServerHello, type ServerLine, type StreamItem } from '../api/wire.ts'
import { fromShape, TroupeError } from '../core/error.ts'
import type { Client } from './client.ts'
import { Queue } from './queue.ts'

/** Answers can be long: a thousand messages of the longest kind, escaped. Bytes. */
const longestAnswer = 512 * 1024 * 1024

/** Items read ahead before the daemon is made to wait. */
const readAhead = 1000

/** ms */
const connectTimeoutMs = 10_000

/**
 * Connects to the operator socket and exchanges hellos. Throws `unavailable` if nobody listens there,
 * `incompatible` if the daemon speaks another protocol.
 */
export async function connect(options: { socket: string; timeoutMs?: number }): Promise<Client> {
  const lines = await openLines(options)
  return new SocketClient(lines)
}

/** The connection below a client, hellos exchanged; the keeper uses it as it is. */
export interface Lines {
  readonly daemon: ServerHello
  send(line: ClientLine): void
  /** Replaces the listener. `null` once, when the connection has ended. */
  listen(listener: (line: ServerLine | null) => void): void
  pause(): void
  resume(): void
  close(): void
}

export function openLines(options: { socket: string; timeoutMs?: number }): Promise<Lines> {
  const socket = createConnection(options.socket)
  const reader = new LineReader(longestAnswer)
  let listener: (line: ServerLine | null) => void = () => undefined
  socket.on('data', (chunk) => {
    try {
      for (const line of reader.push(chunk)) listener(line as ServerLine)
    } catch {
      socket.destroy() // not a daemon of ours: to the caller, as if it had hung up
    }
  })
  const lines = (daemon: ServerHello): Lines => ({
    daemon,
    send: (line) => void socket.write(writeLine(line)),
    listen: (next) => {
      listener = next
      if (socket.destroyed) next(null)
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  })
  return new Promise((resolve, reject) => {
    const stopWaiting = failLate(socket, options.timeoutMs ?? connectTimeoutMs, reject)
    socket.on('error', (cause) => reject(unreachable(cause)))
    socket.on('close', () => {
      stopWaiting()
      reject(new TroupeError('unavailable', 'the daemon closed the connection before it said hello', { hint: 'troupe daemon logs' }))
      listener(null)
    })
    listener = (line) => {
      if (line === null || !('hello' in line)) return
      stopWaiting()
      if (line.hello.protocol === protocolVersion) return resolve(lines(line.hello))
      reject(incompatible(line.hello))
      socket.destroy()
    }
    socket.write(writeLine({ hello: { protocol: protocolVersion, version: programVersion, pid: process.pid } }))
  })
}

function failLate(socket: Socket, ms: number, reject: (error: unknown) => void): () => void {
  const timer = setTimeout(() => {
    reject(new TroupeError('unavailable', `the daemon did not answer within ${ms} ms`, { hint: 'troupe daemon logs' }))
    socket.destroy()
  }, ms)
  return () => clearTimeout(timer)
}

function unreachable(cause: Error): TroupeError {
  const code = 'code' in cause ? cause.code : undefined
  const none = code === 'ENOENT' || code === 'ECONNREFUSED'
  return new TroupeError('unavailable', none ? 'no daemon runs for this team' : `the daemon cannot be reached: ${cause.message}`, {
    hint: none ? 'troupe daemon start' : 'troupe doctor',
    facts: { reason: code ?? null },
    cause,
  })
}

function incompatible(daemon: ServerHello): TroupeError {
  const older = daemon.protocol < protocolVersion
  return new TroupeError('incompatible', `the running daemon is troupe ${daemon.version}, this is ${programVersion}: they speak different protocols`, {
    hint: older ? `kill ${daemon.pid}; agents go on, and the next command starts the new daemon` : `use troupe ${daemon.version} or newer`,
    facts: { client: protocolVersion, daemon: daemon.protocol, pid: daemon.pid },
  })
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
    this.#lose(new TroupeError('unavailable', 'the connection was closed'))
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
    for (const pending of [...this.#pending.values()]) pending.fail(this.#gone)
  }
}

function goneError(): TroupeError {
  return new TroupeError('unavailable', 'the daemon went away before it answered', { hint: 'run the command again; troupe daemon logs says why' })
}
