import { programVersion } from '../api/wire.ts'
import { systemFault } from '../core/disk.ts'
import { exitCodes, toShape } from '../core/error.ts'
import { withPrompt } from './bare-prompt.ts'
import type { Cli } from './cli.ts'
import { openCli } from './open.ts'
import { createOutput, type Output } from './output.ts'
import type { Request } from './program.ts'
import { quick } from './quick.ts'
import { language } from './tree/index.ts'
import { NeedsWholeProgram } from './whole.ts'

export interface World {
  /** Without node and script. */
  argv: string[]
  env: Record<string, string | undefined>
  cwd: string
  /** Opened only by who reads it. */
  stdin: () => NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
}

/** Exit codes of who is told to end. Not SIGHUP: to listen would undo `nohup`. */
const endings = { SIGINT: 130, SIGTERM: 143 } as const
/** How long a command may take to put things away after Ctrl-C, ms. A second Ctrl-C does not wait. */
const graceMs = 10_000

/** Runs one command line to its exit code. Throws NeedsWholeProgram, with nothing done, in a program that lacks a part. */
export async function run(typed: World): Promise<number> {
  const world = { ...typed, argv: withPrompt(typed.argv) }
  const stop = new AbortController()
  const ending = onEnding(stop)
  const streams = [world.stdout, world.stderr]
  const unwritable = (error: NodeJS.ErrnoException): void => ending.unwritable(error, world)
  for (const stream of streams) stream.on('error', unwritable)
  try {
    const code = await obey(world, stop.signal, ending)
    return stop.signal.aborted ? ending.exitCode : code
  } catch (error) {
    // The whole program, which comes next, listens for itself. After an end they stay: what was written last may fail later.
    for (const stream of streams) stream.off('error', unwritable)
    throw error
  }
}

async function obey(world: World, signal: AbortSignal, ending: Ending): Promise<number> {
  const out = createOutput({ ...world, ...flagsOf(world.argv) })
  let cli: Cli | undefined
  try {
    const request = quick(world.argv) ?? (await parseSlowly(world, out))
    if (request.do === 'nothing') return request.exitCode
    cli = openCli({ ...world, out, language, rootFlag: request.given.text('root') ?? null, teamFlag: request.given.text('team') ?? null, signal, ignoreInterrupt: ending.off })
    return (await request.run(cli, request.given)) || 0
  } catch (error) {
    if (signal.aborted) return ending.exitCode
    if (error instanceof NeedsWholeProgram && (error.mayRepeat || cli?.asked() !== true)) throw error
    return tell(out, error)
  } finally {
    ending.off()
    await cli?.close()
  }
}

async function parseSlowly({ argv, stderr }: World, out: Output): Promise<Request> {
  const { parse } = await import('./program.ts')
  return parse(wordsOf(argv), {
    version: programVersion,
    write: (text) => out.raw(text),
    writeError: (text) => void stderr.write(text),
    columns: Math.min(out.columns, 100),
  })
}

function tell(out: Output, thrown: unknown): number {
  const error = systemFault(thrown) ?? thrown
  out.error(error)
  const { code } = toShape(error)
  if (code === 'internal' && error instanceof Error) out.say(error.stack ?? '')
  return exitCodes[code]
}

/** A bare `troupe` wants to know what there is. */
function wordsOf(argv: string[]): string[] {
  return argv.length === 0 ? ['--help'] : argv
}

/** Needed before the command line is understood, since that can fail too. */
function flagsOf(argv: string[]): { json: boolean; quiet: boolean; color: boolean } {
  const end = argv.indexOf('--')
  const flags = end === -1 ? argv : argv.slice(0, end)
  return { json: flags.includes('--json'), quiet: flags.includes('-q') || flags.includes('--quiet'), color: !flags.includes('--no-color') }
}

interface Ending {
  exitCode: number
  /** Signals are not ours any more. */
  off(): void
  /** What a stream said that could not be written. */
  unwritable(error: NodeJS.ErrnoException, world: World): void
}

/** Ctrl-C, and SIGTERM alike, aborts the command and leaves it a moment to put things away; so does output that nobody takes. */
function onEnding(stop: AbortController): Ending {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const end = (exitCode: number): void => {
    ending.exitCode = exitCode
    stop.abort()
    setTimeout(() => process.exit(exitCode), graceMs).unref()
  }
  const signalled = (signal: keyof typeof endings): void => {
    if (stop.signal.aborted) process.exit(endings[signal])
    end(endings[signal])
  }
  const ending: Ending = {
    exitCode: 0,
    off: () => signals.forEach((signal) => process.off(signal, signalled)),
    unwritable(error, { stderr }) {
      if (stop.signal.aborted) return
      // `troupe logs | head`: the reader has gone, which is no failure.
      end(error.code === 'EPIPE' ? 0 : 1)
      if (ending.exitCode === 0) return
      stderr.write(`error: what this prints cannot be written: ${error.message}\n`)
      process.exitCode = ending.exitCode // where the command had ended already
    },
  }
  for (const signal of signals) process.on(signal, signalled)
  return ending
}
