import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { isatty } from 'node:tty'

/** How a program ended and what it said. `stdout` and `stderr` are UTF-8, each cut at `outputBytes`. */
export interface Ran {
  /** null where a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  /** Output beyond the bound was dropped. */
  cut: boolean
  /** It was killed because `timeoutMs` were over. */
  timedOut: boolean
}

export interface RunOptions {
  cwd?: string
  /** Replaces the whole environment; inherited otherwise. */
  env?: Record<string, string>
  input?: string | Uint8Array
  /** Its input stays open until this says that enough was said on stdout. Otherwise it ends at once. */
  enough?: (stdout: string) => boolean
  /** SIGKILL to the program's whole process group after this, ms. */
  timeoutMs?: number
  /** Aborting kills the process group; the promise then resolves with what was said so far. */
  signal?: AbortSignal
  /** Bound for each of stdout and stderr; 1 MiB otherwise. */
  outputBytes?: number
}

/**
 * Runs a program to its end, by argv, never through a shell. A failing program is a value; only a program
 * that could not be started (missing, not executable, no such cwd) rejects, with Node's own error (`ENOENT`, …).
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program, ...args] = nonEmpty(argv)
  const bound = options.outputBytes ?? 1024 * 1024
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    })
    const stdout = new Bounded(bound)
    const stderr = new Bounded(bound)
    let timedOut = false
    const kill = () => killGroup(child)
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => ((timedOut = true), kill()), options.timeoutMs)
    const done = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', kill)
    }
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.add(chunk)
      if (options.enough?.(stdout.text()) === true) child.stdin.end()
    })
    child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
    // A program that does not read its input is no failure of ours: its exit status tells.
    child.stdin.on('error', () => {})
    child.on('error', (error) => (done(), reject(error)))
    child.on('close', (code, signal) => {
      done()
      resolve({ code, signal, stdout: stdout.text(), stderr: stderr.text(), cut: stdout.cut || stderr.cut, timedOut })
    })
    if (options.signal?.aborted === true) kill()
    options.signal?.addEventListener('abort', kill)
    if (options.enough === undefined) child.stdin.end(options.input)
    else child.stdin.write(options.input ?? '')
  })
}

export interface DetachedOptions {
  /** Replaces the whole environment; inherited otherwise. */
  env?: Record<string, string>
  cwd: string
  logFile: string
  /** For its stdin, which is empty otherwise. The place for what must not stand in argv or a file. */
  input?: string
  /** Called when it ends, if this program is still there by then. */
  ended?: (code: number | null, signal: NodeJS.Signals | null) => void
}

/**
 * Starts a program that outlives this one: its own session, output appended to `logFile` (0600). Resolves with
 * its pid once it runs; rejects with Node's own error where it, or its log, could not be opened.
 */
export async function spawnDetached(argv: readonly string[], options: DetachedOptions): Promise<number> {
  const [program, ...args] = nonEmpty(argv)
  mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 })
  const log = openSync(options.logFile, 'a', 0o600)
  return await new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      ...(options.env === undefined ? {} : { env: options.env }),
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', log, log],
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => options.ended?.(code, signal))
    // A program that ends without reading its input is told by its exit status.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
    child.once('spawn', () => {
      child.unref()
      resolve(child.pid as number)
    })
  }).finally(() => closeSync(log))
}

/**
 * Runs a program on this terminal: it gets our stdin, stdout and stderr, and Ctrl-C reaches it from the terminal. What is
 * sent to us alone is passed on; we end when it does. Resolves with its exit code, 128 + n where signal n ended it;
 * rejects with Node's own error where it could not start.
 */
export function runHere(argv: readonly string[], options: { env?: Record<string, string>; cwd?: string } = {}): Promise<number> {
  const [program, ...args] = nonEmpty(argv)
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: 'inherit' })
    const leave = passOn(child)
    child.once('error', (error) => (leave(), reject(error)))
    child.once('exit', (code, signal) => (leave(), resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))))
  })
}

/** A program with its three streams in our hands. Shares our process group, so that what ends the group ends it. */
export type Piped = ReturnType<typeof startPiped>

/** Where it cannot be started, its event `error` says so, with Node's own error. */
export function startPiped(argv: readonly string[]) {
  const [program, ...args] = nonEmpty(argv)
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** A terminal sends its keys' signals to the whole group, so that the program has them already. */
function passOn(child: ChildProcess): () => void {
  const onTerminal = [0, 1, 2].some((fd) => isatty(fd))
  const sent: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = (['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => [
    signal,
    onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT') ? () => undefined : () => void child.kill(signal),
  ])
  for (const [signal, listener] of sent) process.on(signal, listener)
  return () => {
    for (const [signal, listener] of sent) process.off(signal, listener)
  }
}

function nonEmpty(argv: readonly string[]): [string, ...string[]] {
  const [program, ...args] = argv
  if (program === undefined) throw new TypeError('argv names no program')
  return [program, ...args]
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // ended meanwhile
  }
}

class Bounded {
  readonly #chunks: Buffer[] = []
  readonly #bound: number
  #size = 0
  cut = false

  constructor(bound: number) {
    this.#bound = bound
  }

  add(chunk: Buffer): void {
    const room = this.#bound - this.#size
    if (chunk.length > room) this.cut = true
    if (room <= 0) return
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.#chunks.push(kept)
    this.#size += kept.length
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
