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
  for (const stream of [world.stdout, world.stderr]) stream.on('error', leaveQuietly)
  const out = createOutput({ ...world, ...flagsOf(world.argv) })
  const stop = new AbortController()
  const told = onEnding(stop)
  let cli: Cli | undefined
  try {
    const request = quick(world.argv) ?? (await parseSlowly(world, out))
    if (request.do === 'nothing') return request.exitCode
    cli = openCli({ ...world, out, language, rootFlag: request.given.text('root') ?? null, teamFlag: request.given.text('team') ?? null, signal: stop.signal, ignoreInterrupt: told.off })
    const code = (await request.run(cli, request.given)) || 0
    return stop.signal.aborted ? told.exitCode : code
  } catch (error) {
    if (stop.signal.aborted) return told.exitCode
    if (error instanceof NeedsWholeProgram && (error.mayRepeat || cli?.asked() !== true)) throw error
    return tell(out, error)
  } finally {
    told.off()
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

/** Ctrl-C, and SIGTERM alike, aborts the command and leaves it a moment to put things away. `off` is the way out. */
function onEnding(stop: AbortController): { exitCode: number; off(): void } {
  const told = { exitCode: endings.SIGINT as number, off: () => signals.forEach((signal) => process.off(signal, end)) }
  const signals = ['SIGINT', 'SIGTERM'] as const
  const end = (signal: keyof typeof endings): void => {
    const leave = (): never => process.exit(endings[signal])
    if (stop.signal.aborted) leave()
    told.exitCode = endings[signal]
    stop.abort()
    setTimeout(leave, graceMs).unref()
  }
  for (const signal of signals) process.on(signal, end)
  return told
}

/** `troupe logs | head`: the reader has gone, which is no failure. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  throw error
}
