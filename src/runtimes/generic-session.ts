import { TroupeError } from '../core/error.ts'
import type { Rung } from '../core/ladder.ts'
import type { Attempt, Parcel, Session, SessionContext, Signal } from '../core/runtime.ts'
import { logSize } from './log-size.ts'
import type { Patterns } from './screen-patterns.ts'

/** How often the size of the log is looked at; the screen only where the log grew, ms. */
const tick = 1_000
/** How long a program may take to show what was pasted, and again that Enter was taken, ms. */
const echoWithin = 2_000
const pause = 50
/** A program may miss an Enter that comes while it still takes in the paste. */
const mostEnters = 3

/** `adopted`: it was ready before, and has not been looked at yet. */
type State = 'starting' | 'adopted' | 'idle' | 'busy'

/** One incarnation of a command that tells nothing by itself: watched by its screen, fed by pasting. */
export class GenericSession implements Session {
  readonly #context: SessionContext
  readonly #patterns: Patterns
  readonly #listeners = new Set<(signal: Signal) => void>()
  /** Messages typed to this incarnation. Nothing proves them, and nothing is gained by typing them again. */
  readonly #typed = new Set<string>()
  #state: State
  #limit = ''
  /** Size of the log at the last look; null: look in any case. */
  #seen: number | null = null
  #typing: Promise<unknown> = Promise.resolve()
  #leave: (() => void) | null = null

  constructor(context: SessionContext, patterns: Patterns) {
    this.#context = context
    this.#patterns = patterns
    this.#state = context.wasReady ? 'adopted' : 'starting'
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener)
    if (this.#state === 'idle' || this.#state === 'busy') listener({ type: this.#state, evidence: this.#evidence('seen before') })
    this.#leave ??= this.#context.host.clock.after(0, () => void this.#tick())
    return () => this.#listeners.delete(listener)
  }

  hook(): Promise<Record<string, unknown>> {
    return Promise.resolve({})
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (rung !== 'paste') return { result: 'refused', why: `this runtime has no ${rung}` }
    const attempt = this.#typing.then(() => this.#paste(parcel))
    this.#typing = attempt.catch(() => {}) // told to whom it concerns; the next one must not fail for it
    return await attempt
  }

  interrupt(): Promise<void> {
    return Promise.reject(
      new TroupeError('failed', `${this.#context.agent.runtime} cannot be interrupted: nothing says which key does it`, {
        hint: `troupe attach --rw ${this.#context.agent.address}, or troupe restart ${this.#context.agent.address}`,
      }),
    )
  }

  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#leave?.()
    this.#leave = () => {}
    this.#listeners.clear()
  }

  async #tick(): Promise<void> {
    const size = logSize(this.#context.folder)
    // A screen that cannot be read says nothing: neither life nor death, the supervisor tells those.
    if (size === null || size !== this.#seen) await this.#look().catch(() => (this.#seen = null))
    if (this.#listeners.size > 0) this.#leave = this.#context.host.clock.after(tick, () => void this.#tick())
    else this.#leave = null
  }

  async #look(): Promise<string> {
    const size = logSize(this.#context.folder)
    const screen = await this.#context.terminal.screen()
    this.#seen = size
    this.#read(screen)
    return screen
  }

  #read(screen: string): void {
    if (this.#state === 'starting') {
      if (!this.#patterns.isReady(screen)) return
      this.#state = 'idle'
      this.#tell({ type: 'ready', evidence: this.#evidence('the screen shows that it is ready') })
    }
    const looks = this.#patterns.looks(screen)
    if (looks !== null && looks !== this.#state) {
      this.#state = looks
      this.#tell({ type: looks, evidence: this.#evidence(`the screen looks ${looks}`) })
    }
    this.#readLimit(screen)
  }

  /** Told once for each line that says so, not at every look at it. */
  #readLimit(screen: string): void {
    const at = this.#context.host.clock.now()
    const limit = this.#patterns.limit(screen, at)
    if (limit !== null && limit.line !== this.#limit) {
      const { line, until } = limit
      this.#tell({ type: 'failure', class: 'quota', why: line, until, evidence: { at, what: line, source: 'screen' } })
    }
    this.#limit = limit?.line ?? ''
  }

  async #paste(parcel: Parcel): Promise<Attempt> {
    if (this.#typed.has(parcel.id)) return { result: 'typed', what: 'typed before, not typed again' }
    const { terminal } = this.#context
    const before = await this.#look()
    if (this.#state === 'starting') return { result: 'refused', why: 'it is not ready' }
    if (this.#patterns.looks(before) !== 'idle') return { result: 'refused', why: 'its screen does not look idle' }
    await terminal.type([{ paste: parcel.text }])
    this.#typed.add(parcel.id)
    const shown = await this.#changed(before)
    const taken = await this.#enter(shown ?? before, parcel)
    const seen = shown === null ? 'its screen showed nothing of it' : taken ? 'its screen took it' : 'its screen did not move on Enter'
    return { result: 'typed', what: `pasted, ${seen}; whether a draft stood there cannot be known` }
  }

  /** Presses Enter, again only while the message visibly still stands where it was. True once the screen moved. */
  async #enter(before: string, parcel: Parcel): Promise<boolean> {
    for (let n = 0; n < mostEnters; n++) {
      await this.#context.terminal.type([{ keys: ['Enter'] }])
      if ((await this.#changed(before)) !== null) return true
      if (!shows(before, parcel)) return false
    }
    return false
  }

  /** The screen once it is another than `before`, and has come to rest; null where it stays the same. */
  async #changed(before: string): Promise<string | null> {
    const { clock } = this.#context.host
    let last = before
    for (const end = clock.elapsed() + echoWithin; clock.elapsed() < end; ) {
      await new Promise<void>((resolve) => clock.after(pause, resolve))
      const now = await this.#look()
      if (now !== before && now === last) return now
      last = now
    }
    return last === before ? null : last
  }

  #tell(signal: Signal): void {
    for (const listener of this.#listeners) listener(signal)
  }

  #evidence(what: string) {
    return { at: this.#context.host.clock.now(), what, source: 'screen' }
  }
}

/** How much of the end of a message tells it from others. Characters. */
const telling = 24

/** Whether the message stands there: its id, or its end where the window is too low for all of it; broken over lines or framed. */
function shows(screen: string, { text, marker }: Parcel): boolean {
  const shown = squeeze(screen)
  return [marker, squeeze(text).slice(-telling)].some((part) => part !== '' && shown.includes(squeeze(part)))
}

/** Without what breaking lines and drawing frames puts between letters. */
function squeeze(text: string): string {
  return text.replaceAll(/[\s\u2500-\u259f]+/g, '')
}
