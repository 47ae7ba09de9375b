import { createAdaptorServer } from '@hono/node-server'
import { randomInt } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { Server } from 'node:http'
import { dirname } from 'node:path'
import { TroupeError } from '../core/error.ts'
import type { Front } from '../daemon/daemon.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import { holdSocket, type Holding } from './bound.ts'
import type { Door } from './guard.ts'
import type { HttpApp } from './http.ts'

/** ms and bytes. No limit on how long an answer takes: agents wait for mail, pages follow the journal. */
const serverOptions = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000, keepAliveTimeout: 75_000, maxHeaderSize: 16 * 1024 }

/** Below the ports that kernels give to outgoing connections, so that none takes ours while the daemon restarts. */
const firstPort = 20_000
const lastPort = 32_000
const attempts = 50

function serve(app: HttpApp, door: () => Door): Server {
  const server = createAdaptorServer({
    fetch: (request) => app.fetch(request, door()),
    serverOptions,
    // The adapter's own Response, also as the global one: what is made of a string goes out in one write, without a stream.
    overrideGlobalObjects: true,
  })
  if (!(server instanceof Server)) throw new TypeError('expected a plain HTTP server')
  server.maxConnections = 4096
  return server
}

export interface Listening {
  url: string
  /** Takes no more requests, lets running ones end for `graceMs`, then cuts. */
  close(graceMs: number): Promise<void>
}

/** Loopback HTTP on the port that was chosen once for this root and stands in `file`. */
export async function listenLoopback(app: HttpApp, file: string): Promise<Listening> {
  const kept = readPort(file)
  let port = kept ?? 0
  const server = serve(app, () => ({ kind: 'port', port }))
  port = port === 0 ? await choosePort(server) : await keepPort(server, port, file)
  if (port !== kept) writeAtomic(file, `${port}\n`)
  return { url: `http://127.0.0.1:${port}`, close: (graceMs) => closeServer(server, graceMs) }
}

function readPort(file: string): number | null {
  try {
    const port = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

async function keepPort(server: Server, port: number, file: string): Promise<number> {
  if (await tryPort(server, port)) return port
  throw new TroupeError('failed', `port ${port} of this team was taken by another program while its daemon was down`, {
    hint: `end the program that listens on ${port}, or remove ${file} to get another port (restart the agents then)`,
    facts: { port },
  })
}

async function choosePort(server: Server): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(firstPort, lastPort)
    if (await tryPort(server, port)) return port
  }
  throw new TroupeError('failed', `no free port found between ${firstPort} and ${lastPort}`, { hint: 'end programs that listen there' })
}

/** False if somebody has it. */
function tryPort(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    }
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed)
      resolve(true)
    })
  })
}

export type AgentEndpoints = Front['endpoints'] & { closeAll(): Promise<void> }

/** A folder and a socket for each live incarnation; only its own token is good there. */
export function agentEndpoints(app: HttpApp, path: (incarnation: string) => string, holding: Holding): AgentEndpoints {
  const open = new Map<string, Promise<{ server: Server; leave(): void }>>()
  const listen = async (incarnation: string): Promise<{ server: Server; leave(): void }> => {
    const folder = dirname(path(incarnation))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    const server = serve(app, () => ({ kind: 'socket', incarnation }))
    return { server, leave: await holdSocket(server, path(incarnation), holding) }
  }
  const shut = async (incarnation: string): Promise<void> => {
    const held = await open.get(incarnation)
    open.delete(incarnation)
    held?.leave()
    if (held !== undefined) await closeServer(held.server, 0)
  }
  return {
    async open(incarnation) {
      let held = open.get(incarnation)
      if (held === undefined) open.set(incarnation, (held = listen(incarnation)))
      await held.catch((error: unknown) => {
        open.delete(incarnation)
        throw error
      })
      return path(incarnation)
    },
    async close(incarnation) {
      await shut(incarnation)
      rmSync(dirname(path(incarnation)), { recursive: true, force: true })
    },
    /** The daemon goes, agents go on: the folders stay, mounted as they are. */
    async closeAll() {
      await Promise.all([...open.keys()].map(shut))
    },
  }
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
