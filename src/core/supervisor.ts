import type { Address } from './team.ts'

/**
 * The port that keeps processes alive in terminals. An implementation is a thin host of a tmux server.
 * Contract: every method may be called again after a failure; none acts on a process it did not start
 * for this team; a probe that does not know says `unknown` and never asserts life or death.
 */
export interface Supervisor {
  readonly name: string
  /** Connects, starting the host if there is none. Idempotent; concurrent callers share one attempt. */
  start(): Promise<void>
  /** Starts one process in a terminal of its own. Resolves when the terminal exists, not when the program is ready. */
  launch(spec: ProcessSpec): Promise<Pane>
  /** Everything this host holds for this team, dead panes included. */
  list(): Promise<Observed[]>
  /** Ends the whole process tree of an incarnation: politely, then hard. Leaves no pane behind. */
  stop(incarnation: string, how: StopHow): Promise<StopRecord>
  /** Ends every process that carries an incarnation, wherever it sits, also without a terminal. The terminal stays as it is. */
  sweep(incarnation: string): Promise<void>
  /** Removes what is left of an ended process (its dead pane), after its exit status was read. */
  clear(incarnation: string): Promise<void>
  /** The screen as text, newest `lines` of scroll-back included. */
  screen(incarnation: string, options?: { lines?: number; escapes?: boolean }): Promise<string>
  /** Types into the terminal. `paste` goes in as one bracketed paste where the program asked for it. */
  type(incarnation: string, input: Typing[]): Promise<void>
  /**
   * Shows a person who looks at the terminal one line beside it, null to take it away. The program in it sees nothing
   * of that. Nothing happens where the terminal server is a user's own.
   */
  notice(incarnation: string, text: string | null): Promise<void>
  /** Something changed: a death, a lost host. A wake-up, not a fact: call `list()` after it. */
  subscribe(listener: () => void): () => void
  /** argv a person can run to look at (or, with `rw`, use) the terminal. */
  attachCommand(incarnation: string, rw: boolean): string[]
  /** The file that the terminal's output is appended to. */
  logFile(address: Address): string
  /** Lets go of the host; agents go on. Idempotent. */
  close(): Promise<void>
  /** Ends the host itself and whatever it still holds for this team. */
  down(): Promise<void>
}

/** A process to run: argv as it is, an environment that replaces everything, no shell. */
export interface ProcessSpec {
  address: Address
  incarnation: string
  /** argv[0] is looked up on the PATH of `env`. */
  argv: string[]
  env: Record<string, string>
  /** Absolute. */
  cwd: string
  /** Terminal size; the default of the host otherwise. */
  size?: { columns: number; rows: number }
}

export interface Pane {
  /** The host's own id of the terminal, such as tmux's `%4`. */
  pane: string
  pid: number
}

export interface Observed {
  address: Address
  incarnation: string
  pane: string
  pid: number
  state: { alive: true } | { alive: false; code: number | null; signal: string | null }
}

export type StopHow = { polite: Typing[] | 'signal'; graceMs: number }

/** What a stop took: how the process went, after how long (ms), and what had to be killed beside it. */
export interface StopRecord {
  took: 'already gone' | 'polite' | 'SIGTERM' | 'SIGKILL'
  ms: number
  code: number | null
  signal: string | null
  stragglers: number[]
}

export type Typing = { keys: string[] } | { text: string } | { paste: string }
