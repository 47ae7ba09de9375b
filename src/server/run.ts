import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { oldestProtocol, programVersion, protocolVersion } from '../api/index.ts'
import type { HeldValues } from '../api/wire.ts'
import { logLevel } from '../config/log-level.ts'
import { leavePaths, preparePaths, teamPaths, type Paths } from '../config/paths.ts'
import { systemClock } from '../core/clock.ts'
import { diskFault } from '../core/disk.ts'
import { TroupeError, toShape, type ErrorShape } from '../core/error.ts'
import type { ComposeOptions } from '../daemon/compose.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { holdValues } from '../daemon/held.ts'
import { takeLock, type Lock } from '../daemon/lock.ts'
import { keeperCommand, programPath } from '../util/programs.ts'
import { spawnDetached } from '../util/spawn.ts'
import { httpApp } from './http.ts'
import { keeperSeat } from './keeper-seat.ts'
import { logSize, openLog } from './log.ts'
import { agentEndpoints, listenLoopback } from './port.ts'
import { listenOperator } from './socket.ts'
import { talkative } from './talkative.ts'

export interface RunOptions {
  /** Absolute. */
  root: string
  env: Record<string, string>
  /** The values that a keeper held, as JSON, then the end of the stream; null where nobody gives any. */
  values: Readable | null
  /** Who brings a dead daemon back: our own keeper, or somebody else (systemd). */
  keeper: boolean
  /** The program that a keeper starts again. */
  program: string
  compose(options: ComposeOptions): Promise<Daemon>
  /** How long its parts may take to come to their end, ms. */
  endMs?: number
}

/**
 * Exit codes of the daemon, for its keeper. `locked` (EX_TEMPFAIL): another one is at work, which is no failure;
 * `unavailable`: a disk or a database that may come back by itself; `refused` (EX_CONFIG): it stays so until a person acts;
 * so where another daemon took its place, since two that bring each other down again and again would serve nobody.
 */
export const exits = { done: 0, failed: 1, unavailable: 69, locked: 75, refused: 78 }

/** How long running requests may take to end when the daemon goes, ms. Agents ask again; nothing they said is lost. */
const graceMs = 1000
/** With that well below the time after which whoever told it to go takes it for stuck. ms */
const longestEnd = 10_000

/** One daemon from its lock to its end. Resolves with the exit code; never rejects. */
export async function runDaemon(options: RunOptions): Promise<number> {
  const paths = teamPaths(options.root)
  process.stderr.on('error', () => undefined) // it is the log's file: a full disk must not be the reason to die
  let lock: Lock | null = null
  try {
    preparePaths(paths)
    lock = takeLock(paths.lock, { pid: process.pid, since: systemClock.now() })
    await work(options, paths)
    return exits.done
  } catch (thrown) {
    const error = diskFault(thrown) ?? thrown
    const exit = exitFor(error, lock !== null)
    if (exit === exits.locked) lastWords({ level: 30, msg: (error as Error).message })
    else lastWords({ level: 60, msg: 'the daemon could not start or go on', failure: toShape(error) })
    return exit
  } finally {
    if (lock !== null) leavePaths(paths)
    lock?.release()
  }
}

function exitFor(error: unknown, hasLock: boolean): number {
  if (!(error instanceof TroupeError)) return exits.failed
  if (error.code === 'conflict' && !hasLock) return exits.locked
  if (error.code === 'unavailable') return exits.unavailable
  return ['config', 'conflict', 'denied', 'incompatible'].includes(error.code) ? exits.refused : exits.failed
}

/** One line in the log's form: whoever started this daemon sends our stderr there, and looks for `failure`. */
function lastWords(words: { level: number; msg: string; failure?: ErrorShape }): void {
  process.stderr.write(`${JSON.stringify({ time: systemClock.now(), pid: process.pid, ...words })}\n`)
}

async function work(options: RunOptions, paths: Paths): Promise<void> {
  const clock = systemClock
  const log = openLog(paths.daemonLog, logSize, logLevel(options.env))
  dieLoudly(log)
  const held = holdValues(await readValues(options.values))
  const composed = await options.compose({ root: options.root, env: options.env, clock, log })
  const beginning = untilStarted(log.isLevelEnabled('debug') ? talkative(composed, log, clock) : composed)
  const { daemon } = beginning
  const report = (error: unknown): void => log.error({ err: error }, 'a request failed')
  const rebound = (what: unknown): void => log.warn({ err: what }, 'a socket was removed')

  const app = httpApp({ daemon, clock, report })
  const http = await listenLoopback(app, join(paths.run, 'port'))
  const endpoints = agentEndpoints(app, paths.agentSocket, { clock, rebound })
  const startKeeper = (): void => {
    spawnKeeper(options, paths).catch((error: unknown) => log.error({ err: error }, 'no keeper could be started; trying again'))
  }
  const seat = keeperSeat({ held, clock, version: programVersion, start: startKeeper })
  daemon.listening({ url: http.url, endpoints, held, keeper: seat.pid })
  const hello = { protocol: protocolVersion, oldest: oldestProtocol, version: programVersion, pid: process.pid, root: options.root }
  const socket = await listenOperator(paths.operatorSocket, { daemon, hello, seat, clock, report, rebound })
  log.info({ root: options.root, url: http.url }, 'listening')
  if (process.platform !== 'linux') log.warn('which process a client of the operator socket is cannot be proved on this system: it is taken at its word')

  if (options.keeper) seat.watch()
  const asked = stopSignal()
  const close = async (): Promise<void> => {
    await Promise.all([socket.close(graceMs), http.close(graceMs), endpoints.closeAll()])
    await app.close()
  }
  try {
    await beginning.start()
  } catch (error) {
    await close()
    throw error
  }
  const why = await Promise.race([daemon.finished.then((fault) => fault ?? 'finished'), asked])
  log.info({ why: why instanceof TroupeError ? why.message : why }, 'going')
  seat.dismiss()
  await close()
  if (await endsWithin(daemon, options.endMs ?? longestEnd)) log.info('gone')
  else log.warn('some part of the daemon did not come to its end in time: it goes all the same')
  if (why instanceof TroupeError) throw why
}

/** False where it takes longer: what its parts then leave half done is what a daemon that was killed leaves, for the next one. */
async function endsWithin(daemon: Daemon, ms: number): Promise<boolean> {
  const ended = new AbortController()
  const late = sleep(ms, false, { signal: ended.signal })
  late.catch(() => undefined) // nobody waits for it any more
  try {
    return await Promise.race([daemon.stop().then(() => true), late])
  } finally {
    ended.abort()
  }
}

/** A daemon is asked before it has started: what it was asked fails with its start, since whoever asked would only see it go. */
function untilStarted(daemon: Daemon): { daemon: Daemon; start(): Promise<void> } {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined) // it is thrown to whoever starts it
  let hasStarted = false
  return {
    daemon: { ...daemon, call: async (...asked) => await (hasStarted ? daemon.call(...asked) : Promise.race([daemon.call(...asked), failed.promise])) },
    async start() {
      try {
        await daemon.start()
        hasStarted = true
      } catch (error) {
        failed.reject(error)
        throw error
      }
    },
  }
}

/** What nobody caught leaves a state that nobody knows: say so and die; the keeper starts a fresh one. */
function dieLoudly(log: ReturnType<typeof openLog>): void {
  const die = (error: unknown): void => {
    log.fatal({ err: error }, 'a defect: the daemon dies, its keeper starts it again')
    process.exit(exits.failed)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

function stopSignal(): Promise<string> {
  process.on('SIGHUP', () => undefined) // the terminal that it came from does not count
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
  })
}

async function readValues(stream: Readable | null): Promise<HeldValues | null> {
  if (stream === null) return null
  const given = await text(stream)
  return given === '' ? null : (JSON.parse(given) as HeldValues | null)
}

async function spawnKeeper(options: RunOptions, paths: Paths): Promise<void> {
  const argv = keeperCommand({
    node: [process.execPath],
    keeper: programPath('keeper'),
    daemon: options.program,
    root: options.root,
    socket: paths.operatorSocket,
    log: paths.daemonLog,
  })
  await spawnDetached(argv, { env: options.env, cwd: options.root, logFile: paths.daemonLog })
}
