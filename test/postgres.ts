import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A throw-away PostgreSQL server of its own, gone after `stop()`. */
export interface Postgres {
  port: number
  /** A new, empty database. */
  database(): Promise<string>
  stop(): Promise<void>
  /** Ends the server with its data left as they are: SIGINT a fast stop, SIGKILL as if the machine had died. */
  halt(signal: 'SIGINT' | 'SIGKILL'): Promise<void>
  /** Starts it again at the same port. Resolves when it answers. */
  resume(): Promise<void>
}

const installed = '/usr/lib/postgresql'
/** A server under load from other tests may take long to answer, ms. */
const patience = 60_000

/** Why there is none here; null where `startPostgres` works. In CI its absence is an error. */
export function whyNoPostgres(): string | null {
  const reason = binaries() === null ? `PostgreSQL is not installed (no ${installed}/*/bin; apt-get install postgresql)` : null
  if (reason !== null && process.env.CI) throw new Error(reason)
  if (reason !== null) console.log(`skipped: ${reason}`)
  return reason
}

export async function startPostgres(): Promise<Postgres> {
  const bin = binaries()
  if (bin === null) throw new Error('PostgreSQL is not installed')
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  const folder = mkdtempSync(join(tmpdir(), 'pg-'))
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder, stdio: 'ignore' as const }
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  )
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'shared_buffers=32MB']
  const start = () => spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])], options)
  let server = start()
  const endServer = () => void server.kill('SIGQUIT')
  process.once('exit', endServer)
  await ready(port, server)
  let databases = 0
  return {
    port,
    async database() {
      const name = `test_${++databases}`
      await run(port, `create database ${name}`)
      return `postgres://postgres@127.0.0.1:${port}/${name}`
    },
    async halt(signal) {
      server.kill(signal)
      await once(server, 'exit')
    },
    async resume() {
      server = start()
      await ready(port, server)
    },
    async stop() {
      process.off('exit', endServer)
      if (server.exitCode === null && server.signalCode === null) {
        // At once, without a checkpoint: on a busy disk that takes minutes, and the data go anyway.
        server.kill('SIGQUIT')
        await once(server, 'exit')
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

function binaries(): string | null {
  if (!existsSync(installed)) return null
  const newest = readdirSync(installed).toSorted((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? null : join(installed, newest, 'bin')
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function ready(port: number, server: ChildProcess): Promise<void> {
  const end = Date.now() + patience
  for (;;) {
    try {
      return await run(port, 'select 1')
    } catch (error) {
      if (server.exitCode !== null || Date.now() > end) throw error
      await sleep(50)
    }
  }
}

async function run(port: number, statement: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end()
  }
}
