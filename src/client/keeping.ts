import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeldValues, ServerLine } from '../api/wire.ts'
import { TroupeError } from '../core/error.ts'
import { spawnDetached } from '../util/spawn.ts'
import { openLines, type Lines } from './lines.ts'

/** Exit codes of a daemon (`server/run.ts`): another one is at work; what it needs may come back by itself; it stays as it is. */
const [lockedExit, unavailableExit, refusedExit] = [75, 69, 78]
/** Stands for a signal of its own making. */
const crashed = 128

export type { HeldValues } from '../api/wire.ts'

export interface KeepOptions {
  root: string
  socket: string
  log: string
  /** argv that starts the daemon; it reads the held values from its stdin. */
  daemon: string[]
  /** File of the daemon's program: while it is away (an update replaces it, or put it elsewhere) nothing is started. */
  program: string
  /** What somebody who looks at the log should know, once. */
  tell(text: string): void
  /** What the first daemon gets. */
  values?: HeldValues | null
}

/**
 * How a keeper ends: asked to, not needed (another keeps this daemon), its first daemon could not start, or it gave up
 * a daemon that fails again and again.
 */
export type KeptEnd = 'asked' | 'not needed' | 'failed' | 'gave up'

/** Waits between attempts while the daemon fails again and again, ms. After the first failure it is tried at once. */
const delays = [200, 500, 1000, 2000, 5000]
/** After so many failures in a row it is left: a person has to look. About half a minute. */
const mostFailures = 9
/** A daemon that refuses to start says so to the next command; trying on would only say it again. */
const mostRefusals = 3
/** A daemon that answered for this long, and then gave up, starts the count anew, ms. */
const steadyMs = 10_000
/** Between the end of a daemon's connection and word of its exit, ms: at once, but for a machine with much to do. */
const exitMs = 2_000
/** How long a started daemon may take until its socket answers, ms: then it is left alone, and asked again. */
const answerMs = 60_000
const tryEveryMs = 20
/** How long another daemon, which has the lock, is waited for before ours is started again, ms. */
const otherMs = 300

type Met = { name: 'leave' } | { name: 'refused' } | { name: 'lost' }

/**
 * Keeps one daemon alive: starts it where none answers, stays connected, and starts it again when the connection
 * drops. In between it holds the values of the last `up` for the next daemon.
 */
export async function keep(options: KeepOptions): Promise<KeptEnd> {
  try {
    return await keepOn(options)
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'incompatible') return 'not needed'
    throw error
  }
}

async function keepOn(options: KeepOptions): Promise<KeptEnd> {
  let values: HeldValues | null = options.values ?? null
  let everMet = false
  let failures = 0
  let child: Child | null = null
  let told = false
  for (;;) {
    if (hasEnough(failures, child)) return 'gave up'
    child = null
    if (failures > 1) await sleep(delays[Math.min(failures - 2, delays.length - 1)])
    const away = !existsSync(options.program)
    if (away && !told) options.tell(`the daemon’s program ${options.program} is gone; a daemon of any release is waited for. Try: troupe daemon start`)
    told = away
    const lines = (await tryOpen(options.socket)) ?? (await start(options, values, (started) => (child = started)))
    if (lines === 'ended') return 'asked'
    if (lines === null && !everMet && !wasKilled(child)) return 'failed'
    failures += 1
    if (lines === null) continue
    everMet = true
    const since = performance.now()
    const met = await stay(lines, values, (newer) => (values = newer))
    if (met.name === 'leave') return 'asked'
    if (met.name === 'refused') return 'not needed'
    await exitOf(child)
    if (!gaveUp(child) || performance.now() - since > steadyMs) failures = 0
  }
}

/** A daemon that this keeper started; `killed` by a signal is somebody's deed, not its own failure. */
interface Child {
  exit: 'running' | 'killed' | number
}

/** A full disk or a database that is away is waited for, however long that takes. */
function hasEnough(failures: number, child: Child | null): boolean {
  if (child?.exit === unavailableExit || !gaveUp(child)) return false
  return failures >= (child?.exit === refusedExit ? mostRefusals : mostFailures)
}

/** Who hung up has ended, or is about to: how it did decides when, and whether, another one is started. */
async function exitOf(child: Child | null): Promise<void> {
  const until = performance.now() + exitMs
  do await sleep(tryEveryMs)
  while (child?.exit === 'running' && performance.now() < until)
}

/** What people and the kernel's memory killer send; any other signal is a crash of its own. */
function isDeed(signal: NodeJS.Signals | null): boolean {
  return signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP'
}

function wasKilled(child: Child | null): boolean {
  return child?.exit === 'killed'
}

function gaveUp(child: Child | null): boolean {
  return typeof child?.exit === 'number'
}

/** Null if it could not start, `ended` if it was asked to go before we met it. */
async function start(
  options: KeepOptions,
  values: HeldValues | null,
  tell: (child: Child) => void,
): Promise<Lines | 'ended' | null> {
  if (!existsSync(options.program)) return null
  const until = performance.now() + answerMs
  while (performance.now() < until) {
    const child = await spawnChild(options, values)
    tell(child)
    const met = await firstAnswer(options.socket, until, () => child.exit !== 'running')
    if (met !== null) return met
    if (child.exit === 0) return 'ended'
    if (child.exit !== lockedExit) return null
  }
  return null
}

async function spawnChild(options: KeepOptions, values: HeldValues | null): Promise<Child> {
  const child: Child = { exit: 'running' }
  try {
    await spawnDetached(options.daemon, {
      cwd: options.root,
      logFile: options.log,
      input: JSON.stringify(values),
      ended: (code, signal) => (child.exit = code ?? (isDeed(signal) ? 'killed' : crashed)),
    })
  } catch {
    child.exit = unavailableExit // no log can be opened, or no process be made: that passes, and there is nowhere to say it
  }
  return child
}

/** Asks until somebody answers; once our own daemon has ended, for a moment longer: it may have found another one starting. */
async function firstAnswer(socket: string, until: number, ended: () => boolean): Promise<Lines | null> {
  let last = until
  while (performance.now() < last) {
    const lines = await tryOpen(socket)
    if (lines !== null) return lines
    if (ended() && last === until) last = Math.min(until, performance.now() + otherMs)
    await sleep(tryEveryMs)
  }
  return null
}

/** Null where nobody answers. A daemon of another release has a keeper of its own: throws `incompatible`. */
async function tryOpen(socket: string): Promise<Lines | null> {
  try {
    return await openLines({ socket })
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'unavailable') return null
    throw error
  }
}

/** Holds the seat until the daemon says leave, refuses, or is gone. */
function stay(lines: Lines, values: HeldValues | null, hold: (values: HeldValues) => void): Promise<Met> {
  return new Promise((resolve) => {
    const end = (met: Met): void => {
      resolve(met)
      lines.close()
    }
    lines.listen((line: ServerLine | null) => {
      if (line === null) end({ name: 'lost' })
      else if ('hold' in line) hold(line.hold)
      else if ('leave' in line) end({ name: 'leave' })
      else if ('error' in line) end({ name: 'refused' })
    })
    lines.send({ keeper: { values } })
  })
}
