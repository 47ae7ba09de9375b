import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeldValues } from '../api/wire.ts'
import { diskFault } from '../core/disk.ts'
import { fromShape, TroupeError, type ErrorShape } from '../core/error.ts'
import { keeperCommand } from '../util/programs.ts'
import { spawnDetached } from '../util/spawn.ts'
import type { Client } from './client.ts'
import { connect } from './connect.ts'
import { diskTrouble } from './disk.ts'

export interface StartOptions {
  /** Absolute folder of the team. */
  root: string
  /** The operator socket. */
  socket: string
  /** Log of daemon and keeper. */
  log: string
  /** argv that runs a program of ours, such as `[process.execPath]`. */
  node: readonly string[]
  daemonProgram: string
  keeperProgram: string
  /** Of daemon and keeper; every process of this user can read it. */
  env: Record<string, string>
  /** Values for agents until an `up` brings others; in memory only. */
  values?: HeldValues | null
  /** ms, until the daemon answers. */
  timeoutMs?: number
  /** Nothing answered: a daemon is being started now. */
  starting?: () => void
}

/** A database may have to be migrated, a slow disk read. ms */
const startTimeoutMs = 30_000
const tryEveryMs = 20
/** A keeper that ended may have found another one at work, whose daemon is about to answer. ms */
const lastChanceMs = 1000
/** Bytes of the log that are looked through for the reason of a failure. */
const tailBytes = 64 * 1024

/**
 * The running daemon, started with its keeper if nothing answers. Many may do this at once: each starts a keeper,
 * the lock lets one daemon live, and the keepers that are too many end. Throws what the daemon said if it could not start.
 */
export async function ensureDaemon(options: StartOptions): Promise<Client> {
  const running = await tryConnect(options.socket)
  if (running !== null) return running
  options.starting?.()
  const logStart = sizeOf(options.log)
  const keeper = { ended: false }
  const command = keeperCommand({ ...options, keeper: options.keeperProgram, daemon: options.daemonProgram })
  await spawnDetached([...command, '--values-on-stdin'], {
    input: JSON.stringify(options.values ?? null),
    env: options.env,
    cwd: options.root,
    logFile: options.log,
    ended: () => (keeper.ended = true),
  }).catch((error: unknown) => {
    throw diskFault(error) ?? error
  })
  const until = performance.now() + (options.timeoutMs ?? startTimeoutMs)
  const started = await awaitDaemon(options.socket, until, () => keeper.ended)
  const client = started ?? (await awaitOther(options.socket, options.log, logStart))
  if (client !== null) return client
  throw startFailure(options.log, logStart)
}

async function awaitDaemon(socket: string, until: number, gone: () => boolean): Promise<Client | null> {
  while (performance.now() < until && !gone()) {
    const client = await tryConnect(socket)
    if (client !== null) return client
    await sleep(tryEveryMs)
  }
  return null
}

/** Our keeper has ended. Unless its daemon said why it failed, that was because another one is at work. */
async function awaitOther(socket: string, log: string, logStart: number): Promise<Client | null> {
  const until = performance.now() + lastChanceMs
  return awaitDaemon(socket, until, () => findFailure(log, logStart) !== null)
}

/** Null where nobody answers; another protocol is an error for the user, not a reason to start a second daemon. */
async function tryConnect(socket: string): Promise<Client | null> {
  try {
    return await connect({ socket })
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'unavailable') return null
    throw error
  }
}

/** What the daemon wrote when it gave up, as the error it was; else the end of its log. */
function startFailure(log: string, from: number): TroupeError {
  const failure = findFailure(log, from)
  if (failure !== null) return fromShape(failure)
  // It could not say why: there was no room for its words.
  const trouble = diskTrouble(dirname(log))
  if (trouble !== null) return trouble
  const lines = linesFrom(log, from)
  const end = lines.length === 0 ? '' : `; the end of its log:\n${lines.slice(-10).join('\n')}`
  return new TroupeError('unavailable', `the daemon did not start${end}`, {
    hint: 'troupe daemon logs',
    facts: { log },
  })
}

function findFailure(log: string, from: number): ErrorShape | null {
  return linesFrom(log, from).map(readFailure).findLast((shape) => shape !== null) ?? null
}

function readFailure(line: string): ErrorShape | null {
  try {
    const { failure } = JSON.parse(line) as { failure?: ErrorShape }
    return failure ?? null
  } catch {
    return null // a line that is not JSON: Node's own last words
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function linesFrom(log: string, from: number): string[] {
  return readFrom(log, from).split('\n').filter((line) => line !== '')
}

function readFrom(file: string, from: number): string {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const start = size < from ? 0 : Math.max(from, size - tailBytes) // smaller: it was rotated meanwhile
    const bytes = Buffer.alloc(Math.min(size - start, tailBytes))
    const read = readSync(fd, bytes, 0, bytes.length, start)
    return bytes.subarray(0, read).toString('utf8')
  } finally {
    closeSync(fd)
  }
}
