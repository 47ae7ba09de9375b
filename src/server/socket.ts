import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdSocket, type Holding } from './bound.ts'
import { Connection, socketLimits, type ConnectionContext } from './connection.ts'
import { sweepProofs } from './proof.ts'

export interface OperatorSocket {
  /** Takes no more clients, gives running requests `graceMs` to be answered, then cuts. Idempotent. */
  close(graceMs: number): Promise<void>
}

/**
 * Listens on the operator socket, mode 0600. The caller holds the root's lock: a file that is there already
 * was left by a dead daemon and is removed.
 */
export async function listenOperator(
  path: string,
  context: Omit<ConnectionContext, 'limits' | 'proofs'> & { limits?: Partial<typeof socketLimits>; rebound?: Holding['rebound'] },
): Promise<OperatorSocket> {
  const proofs = process.platform === 'linux' ? dirname(path) : null
  const complete = { ...context, proofs, limits: { ...socketLimits, ...context.limits } }
  const connections = new Set<Connection>()
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => {
    const connection = new Connection(socket, complete)
    connections.add(connection)
    sockets.add(socket)
    socket.on('close', () => {
      connections.delete(connection)
      sockets.delete(socket)
    })
  })
  const leave = await holdSocket(server, path, { clock: context.clock, rebound: context.rebound ?? context.report })
  if (proofs !== null) sweepProofs(proofs)

  let closing: Promise<void> | null = null
  const close = async (graceMs: number): Promise<void> => {
    leave()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const until = context.clock.elapsed() + graceMs
    while ([...connections].some((connection) => connection.busy) && context.clock.elapsed() < until) await sleep(10)
    for (const connection of connections) connection.end()
    if (connections.size > 0) await Promise.race([closed, sleep(Math.min(graceMs, 500))])
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { close: (graceMs) => (closing ??= close(graceMs)) }
}
