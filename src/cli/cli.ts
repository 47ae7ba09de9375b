import type { Readable } from 'node:stream'
import type { ServerHello } from '../api/wire.ts'
import type { Input, OperationName, Output as Answer, StreamItem } from '../api/index.ts'
import type { Output } from './output.ts'
import type { Language } from './tree/syntax.ts'

export type Env = Record<string, string | undefined>

/** What a command gets to work with. Nothing in it is opened before it is asked for. */
export interface Cli {
  out: Output
  /** What can be typed. */
  language: Language
  env: Env
  cwd: string
  stdin: () => Readable & { isTTY?: boolean }
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
  /** -C, -T or the environment names the root. */
  rootGiven: boolean
  /** Folder of the team; throws `unknown` or `config` where there is none. */
  root(): Promise<string>
  /** Warns where the environment names the root and this folder would lead to another one, or to none. Quiet if so asked. */
  warnOfOverride(): void
  /** Calls the daemon, starting it if needed. `wait` is shown on a terminal after a second. */
  call<K extends OperationName>(name: K, input: Input<K>, wait?: string): Promise<Answer<K>>
  /** The journal from a cursor on (null: from now), until the signal. */
  events(cursor: string | null, signal: AbortSignal): AsyncIterable<StreamItem>
  /** Something was asked of the daemon: a command that came this far must not be begun anew. */
  asked(): boolean
  /** True if a daemon answers; never starts one. */
  running(): Promise<boolean>
  /** What the daemon said of itself, started if needed. */
  hello(): Promise<ServerHello>
  /**
   * Ends the daemon, whatever release it is, and starts one of this release with the values that the old one held;
   * starts one if none runs. Agents go on. Refuses to replace a newer one. False where the old one could not give its
   * values away: those of this environment are held instead.
   */
  handOver(): Promise<boolean>
  /** Waits for the end of the daemon that was told to stop, so that whoever comes next meets no dying one. */
  ended(): Promise<void>
  /** Runs a program on this terminal, as part of this command: from here on Ctrl-C is the program's. Its exit code. */
  runHere(argv: readonly string[], options: { env: Record<string, string>; cwd: string }): Promise<number>
  /** Works on another root from here on. */
  useRoot(root: string): Promise<void>
  close(): Promise<void>
}
