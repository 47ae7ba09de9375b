import { createConnection, type Socket } from 'node:net'
import { LineReader, mismatch, oldestProtocol, programVersion, protocolVersion, understand, writeLine } from '../api/wire.ts'
import type { ClientLine, ServerHello, ServerLine } from '../api/wire.ts'
import { TroupeError } from '../core/error.ts'

/** Answers can be long: a thousand messages of the longest kind, escaped. Bytes. */
const longestAnswer = 512 * 1024 * 1024

/** ms */
const connectTimeoutMs = 10_000

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

/**
 * Connects and exchanges hellos. Throws `unavailable` if nobody listens there, `incompatible` if the daemon speaks
 * another protocol.
 */
export function openLines(options: { socket: string; timeoutMs?: number }): Promise<Lines> {
  const hello = { protocol: protocolVersion, oldest: oldestProtocol, version: programVersion, pid: process.pid }
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
      reject(new TroupeError('unavailable', 'the daemon hung up before it said hello', { hint: 'troupe daemon logs' }))
      listener(null)
    })
    listener = (line) => {
      if (line === null || !('hello' in line)) return
      stopWaiting()
      if (understand(hello, line.hello)) return resolve(lines(line.hello))
      reject(mismatch(hello, line.hello))
      socket.destroy()
    }
    socket.write(writeLine({ hello }))
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
  const why = none ? 'no daemon runs for this team' : `the daemon cannot be reached: ${cause.message}`
  return new TroupeError('unavailable', why, {
    hint: none ? 'troupe daemon start' : 'troupe doctor',
    facts: { reason: code ?? null },
    cause,
  })
}
