import type { SessionContext, Signal } from '../../core/runtime.ts'
import type { LaneEntry } from '../../util/lane-link.ts'
import { parseRecord } from '../json.ts'
import { Signals } from '../signals.ts'
import { LaneLine } from './line.ts'

/** Between two places of the record from which a later daemon may begin. ms */
const markEveryMs = 60_000

/** What one protocol makes of what is said. It keeps no state that the record does not give again. */
export interface Protocol {
  /** A message of the CLI's (`out`), or one that it was given (`in`); each once, in order, also from before this daemon. */
  hear(message: Record<string, unknown>, way: 'in' | 'out', at: number): void
  /** A line of its standard error, or one that is no message. */
  other?(text: string, at: number): void
  /** All that was there has been heard: from here on it may write. */
  live(): void
  /** A person entered this at the pane, or pressed the key that interrupts. What is written for it carries `tag`. */
  typed(text: string, tag: string): void
  interrupted(tag: string): void
  /** What a later session must know where it begins here; null where something is under way. */
  snapshot(): unknown
  restore(state: unknown): void
  ended(at: number): void
}

/** Of these only the last says how it is now; the others have had their effect. */
const states = new Set<Signal['type']>(['ready', 'idle', 'busy', 'waiting', 'failure', 'said', 'work', 'subagent', 'note', 'result'])

/** An earlier daemon may have heard of a failure, and acted upon it: told as one of an earlier time, it is known by that. */
function ofTheRecord(signal: Signal): Signal {
  return signal.type === 'failure' ? { ...signal, evidence: { ...signal.evidence, source: 'transcript' } } : signal
}

/** A session's ground where a lane holds the CLI: hears everything, tells what is new of it, writes. */
export class Talk {
  readonly signals: Signals
  readonly #clock: SessionContext['host']['clock']
  readonly #line: LaneLine
  readonly #protocol: Protocol
  readonly #keys = new Map<string, { text: string | null; told: boolean }>()
  #live = false
  #ready: Signal | null = null
  #failed: Signal | null = null
  #state: Signal | null = null
  #marked: { n: number; at: number; state: unknown } | null = null

  /** `own` hears each signal as it is told. */
  constructor(context: Pick<SessionContext, 'laneSocket' | 'host'>, protocol: Protocol, own: (signal: Signal) => void = () => undefined) {
    this.signals = new Signals(own)
    this.#protocol = protocol
    this.#clock = context.host.clock
    this.#line = new LaneLine(context.laneSocket, this.#clock, {
      entry: (entry) => this.#take(entry),
      marked: (state) => protocol.restore(state),
      caughtUp: () => this.#catchUp(),
      wrong: (error) => this.#wrong(error),
    })
  }

  get isLive(): boolean {
    return this.#live
  }

  /** Whether the CLI was given it. Before it is live nothing is written. */
  async write(message: unknown, tag?: string, fill: readonly string[] = []): Promise<boolean> {
    return this.#live && (await this.#line.write(message, tag, fill))
  }

  emit(signal: Signal): void {
    if (this.#live || !states.has(signal.type)) return this.signals.emit(signal)
    if (signal.type === 'ready') this.#ready = signal
    if (signal.type === 'idle') this.#turnIsOver()
    if (signal.type === 'failure') this.#failed = signal
    if (signal.type === 'busy') this.#failed = null
    if (signal.type === 'idle' || signal.type === 'busy' || signal.type === 'waiting') this.#state = signal
  }

  /** What was pressed to interrupt it has had its effect: pressed again it would end a later turn. */
  #turnIsOver(): void {
    for (const [tag, { text }] of this.#keys) if (text === null) this.#keys.delete(tag)
  }

  /** Nobody waits for it: what goes wrong is told. */
  later(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#wrong(error))
  }

  #wrong(error: unknown): void {
    this.signals.emit(notFollowed(error, this.#clock.now()))
  }

  close(): void {
    this.#live = false
    this.#line.close()
  }

  #take(entry: LaneEntry): void {
    const { at } = entry
    switch (entry.kind) {
      case 'in':
        this.#keys.delete(entry.tag)
        this.#hear(entry.text, 'in', at)
        break
      case 'out':
        this.#hear(entry.text, 'out', at)
        break
      case 'err':
      case 'note':
        this.#protocol.other?.(entry.text, at)
        break
      case 'typed':
      case 'interrupt':
        this.#keys.set(`key ${entry.n}`, { text: entry.kind === 'typed' ? entry.text : null, told: false })
        if (this.#live) this.#pressAll()
        break
      case 'exit':
        this.#protocol.ended(at)
    }
    this.#mark(entry)
  }

  #hear(text: string, way: 'in' | 'out', at: number): void {
    const message = parseRecord(text)
    if (message === null) this.#protocol.other?.(text, at)
    else this.#protocol.hear(message, way, at)
  }

  /** What was pressed while nobody listened, and led to nothing yet. */
  #pressAll(): void {
    for (const [tag, key] of this.#keys) {
      if (key.told) continue
      key.told = true
      if (key.text !== null) this.#protocol.typed(key.text, tag)
      else {
        this.#keys.delete(tag)
        this.#protocol.interrupted(tag)
      }
    }
  }

  #catchUp(): void {
    this.#live = true
    for (const signal of [this.#ready, this.#failed, this.#state]) if (signal !== null) this.signals.emit(ofTheRecord(signal))
    this.#protocol.live()
    this.#pressAll()
  }

  #mark({ n }: LaneEntry): void {
    const now = this.#clock.now()
    if (!this.#live || this.#keys.size > 0 || (this.#marked !== null && now - this.#marked.at < markEveryMs)) return
    const state = this.#protocol.snapshot()
    if (state === null) return
    // The one before, so that what a daemon has just heard is told to the next one too.
    if (this.#marked !== null) this.#line.mark(this.#marked.n, this.#marked.state)
    this.#marked = { n, at: now, state }
  }
}

/** What it said, or what became of that, went wrong here: told, and gone on. */
export function notFollowed(error: unknown, at: number): Signal {
  const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  return { type: 'note', evidence: { at, what: `what it said cannot be followed: ${why.slice(0, 300)}`, source: 'protocol' } }
}
