import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A connection through which everything goes, until it is told to cut. */
export interface Cut {
  port: number
  /** Cuts the connection at the next COMMIT: before the server gets it, or when it has got it and nobody hears the answer. */
  atCommit(when: 'before' | 'after', afterwards?: () => void): void
  /** Cuts everything that is open, and refuses new connections until `mend()`. */
  sever(): void
  mend(): void
  close(): Promise<void>
}

export async function startCut(target: number): Promise<Cut> {
  let commit: { when: 'before' | 'after'; afterwards: () => void } | null = null
  let severed = false
  const pairs = new Set<[Socket, Socket]>()
  const server = createServer((client) => {
    if (severed) return void client.destroy()
    const upstream = connect(target, '127.0.0.1')
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    upstream.on('data', (bytes) => client.write(bytes))
    client.on('data', (bytes) => {
      const cut = bytes.includes('commit\0') ? commit : null
      if (cut === null) return void upstream.write(bytes)
      commit = null
      const cutNow = () => {
        end()
        cut.afterwards()
      }
      if (cut.when === 'before') return cutNow()
      upstream.removeAllListeners('data').once('data', cutNow)
      upstream.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    atCommit: (when, afterwards = () => undefined) => void (commit = { when, afterwards }),
    sever() {
      severed = true
      for (const [client] of pairs) client.destroy()
    },
    mend: () => void (severed = false),
    async close() {
      for (const [client] of pairs) client.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
