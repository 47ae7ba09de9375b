import type { Abilities, Attempt, Launch, LaunchContext, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { FailureClass } from '../../core/restart.ts'
import type { LaneEntry, LaneView } from '../../util/lane-link.ts'
import { parseRecord } from '../json.ts'
import { Signals } from '../signals.ts'
import { LaneLine } from './line.ts'
import { laneArgv } from './start.ts'
import { notFollowed } from './talk.ts'

/**
 * The ground of `mode: oneshot`: a CLI does `agent.task` once, in a lane, and ends. A runtime brings two things for it:
 *
 * - `launch`: builds the CLI's argv (its non-interactive form, with events as JSON lines) and ends with `taskLaunch`, which
 *   writes the prompt into a 0600 file that becomes the CLI's standard input. Nothing of the prompt or a secret is in argv.
 * - `open`: `new TaskSession(context, reader)` with a `TaskReader` of its own, one for each run.
 *
 * The session says `ready` and `busy` once the CLI runs, passes on what the reader makes of each line, and at the end `result`.
 * The process ends as the CLI did: exit 0 is done, anything else failed (`restart: never`). A reader's `failure` of the classes
 * auth, config and quota blocks or parks the agent besides; `transient` only fails the run, since nothing is left to go on with.
 * A daemon that comes later hears all of it again, so the reader must make the same of the same lines: keys of usage, for one.
 */
export interface TaskReader {
  /** One event that the CLI printed; `at`: when, ms. */
  read(event: Record<string, unknown>, at: number): TaskSignal[]
  /** A line that is no JSON object, on standard output or standard error. */
  other?(line: string, at: number): TaskSignal[]
  /** Nothing will come of it, though the CLI goes on by itself: the run is ended. */
  readonly isVain?: boolean
  /** Its last words as far as they were heard: the final text, or why it failed. Asked once it has ended. */
  outcome(exit: { code: number | null; signal: string | null }): { ok: boolean; text: string }
}

export type TaskSignal = Extract<Signal, { type: 'session' | 'usage' | 'work' | 'note' | 'subagent' | 'failure' }>

/** What every one-shot run can and cannot; the rest is the runtime's to say. */
export function taskAbilities(own: Omit<Abilities, 'proofs' | 'rungs' | 'interrupt' | 'mcp' | 'compact'>): Abilities {
  return { ...own, proofs: ['tool'], rungs: { idle: [], busy: ['fetch'], waiting: [] }, interrupt: false, images: { ...own.images, message: [] }, mcp: true, compact: false }
}

/** `prompt`: what the CLI reads on its standard input; the agent's task where nothing else is said. */
export function taskLaunch(context: LaunchContext, cli: { view: LaneView; argv: readonly string[]; env: Record<string, string>; cwd?: string; prompt?: string; session: string | null; notices?: string[] }): Launch {
  const { agent, incarnation } = context
  const argv = laneArgv(context, { view: cli.view, argv: cli.argv, input: cli.prompt ?? agent.task ?? '' })
  return { spec: { address: agent.address, incarnation, argv, env: cli.env, cwd: cli.cwd ?? agent.cwd }, session: cli.session, notices: cli.notices ?? [] }
}

/** For a failure by its class; those that a run does not survive anyway count as notes. */
const lasting = new Set<FailureClass>(['auth', 'config', 'quota'])

export interface TaskHooks {
  hook?(event: Record<string, unknown>): Record<string, unknown>
  gate?: Session['gate']
}

/** One run of a one-shot agent. `hooks`: for a CLI that asks leave by hooks, see `Session`. */
export class TaskSession implements Session {
  readonly #context: SessionContext
  readonly #reader: TaskReader
  readonly #hooks: TaskHooks
  readonly #line: LaneLine
  readonly #signals = new Signals(() => undefined)
  readonly gate?: NonNullable<Session['gate']>
  #began = false
  /** What was said before this session has been heard. */
  #live = false
  /** It is over, or was ended. */
  #over = false

  constructor(context: SessionContext, reader: TaskReader, hooks: TaskHooks = {}) {
    this.#context = context
    this.#reader = reader
    this.#hooks = hooks
    if (hooks.gate !== undefined) this.gate = hooks.gate
    this.#line = new LaneLine(context.laneSocket, context.host.clock, {
      entry: (entry) => this.#take(entry),
      marked: () => undefined,
      caughtUp: () => {
        this.#live = true
        this.#begin(context.host.clock.now())
        this.#endWhereVain()
      },
      wrong: (error) => this.#signals.emit(notFollowed(error, context.host.clock.now())),
    })
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#signals.subscribe(listener)
  }

  hook(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    return Promise.resolve(this.#hooks.hook?.(event) ?? {})
  }

  deliver(): Promise<Attempt> {
    return Promise.resolve({ result: 'refused', why: 'a one-shot run takes no messages; it may fetch them' })
  }

  /** It ends, as for a person who presses the same. */
  interrupt(): Promise<void> {
    return this.#context.terminal.type([{ keys: ['C-c'] }])
  }

  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#line.close()
  }

  #take(entry: LaneEntry): void {
    const { at } = entry
    if (entry.kind === 'out' || entry.kind === 'err') {
      this.#begin(at)
      const event = entry.kind === 'out' ? parseRecord(entry.text) : null
      for (const signal of event === null ? (this.#reader.other?.(entry.text, at) ?? []) : this.#reader.read(event, at)) this.#emit(signal)
    }
    if (entry.kind === 'exit') this.#ended(entry)
    this.#endWhereVain()
  }

  /** Twice: where a person began a line, the first empties that. */
  #endWhereVain(): void {
    if (!this.#live || this.#over || this.#reader.isVain !== true) return
    this.#over = true
    this.#context.terminal.type([{ keys: ['C-c'] }, { keys: ['C-c'] }]).catch((error: unknown) => this.#signals.emit(notFollowed(error, this.#context.host.clock.now())))
  }

  #emit(signal: TaskSignal): void {
    if (signal.type !== 'failure' || lasting.has(signal.class)) return this.#signals.emit(signal)
    this.#signals.emit({ type: 'note', evidence: signal.evidence })
  }

  #begin(at: number): void {
    if (this.#began) return
    this.#began = true
    this.#signals.emit({ type: 'ready', evidence: { at, what: 'the run began', source: 'protocol' } })
    this.#signals.emit({ type: 'busy', evidence: { at, what: 'it is at its task', source: 'protocol' } })
  }

  #ended({ at, code, signal }: LaneEntry & { kind: 'exit' }): void {
    this.#over = true
    const { ok, text } = this.#reader.outcome({ code, signal })
    const done = ok && code === 0
    const what = done ? 'the run came to its end' : `the run failed: ${text === '' ? `exit ${code ?? signal ?? '?'}` : text.slice(0, 300)}`
    if (done && text !== '') this.#signals.emit({ type: 'said', text, at })
    this.#signals.emit({ type: 'result', ok: done, text, evidence: { at, what, source: 'protocol' } })
  }
}
