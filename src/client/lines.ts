import { closeSync, openSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { LineReader, mismatch, oldestProtocol, programVersion, proofName, protocolVersion, understand, writeLine } from '../api/wire.ts'
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
      const { challenge, ...daemon } = line.hello
      if (!understand(hello, daemon)) {
        reject(mismatch(hello, daemon))
        return void socket.destroy()
      }
      if (challenge !== undefined) prove(socket, options.socket, challenge)
      resolve(lines(daemon))
    }
    socket.write(writeLine({ hello }))
  })
}

/**
 * Shows that this process is the one that the hello named, by a file that it holds open as long as the connection. The daemon takes
 * the file's name away. Where none can be made, a full disk for one, the daemon is told so, and looks for itself.
 */
function prove(socket: Socket, path: string, challenge: string): void {
  let fd: number | null = null
  try {
    if (/^[0-9a-f]{32}$/.test(challenge)) fd = openSync(join(dirname(path), proofName(challenge)), 'wx', 0o600)
  } catch {
    // told by the null
  }
  const held = fd
  if (held !== null) socket.once('close', () => closeSync(held))
  socket.write(writeLine({ proof: { fd } }))
}

function failLate(socket: Socket, ms: number, reject: (error: unknown) => void): () => void {
  const timer = setTimeout(() => {
    reject(new TroupeError('unavailable', `the daemon did not answer within ${ms} ms`, { hint: 'troupe daemon logs', facts: { reason: 'ETIMEDOUT' } }))
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
