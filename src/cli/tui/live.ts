import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { pause } from '../pause.ts'
import { chosenAgent } from './chosen.ts'
import { layoutOf } from './layout.ts'
import { fetchPage } from './pages.ts'
import { fetches } from './parts.ts'
import type { Event, Part, State, Subject } from './state.ts'

/** Bursts of events, or of output of an agent, are one look. ms */
const leastMs = 250
/** In case a change of the log was not told. ms */
const staleMs = 5_000
/** Asks for parts of the team one round after another, and never more often than `leastMs`. */
export class Loader {
  #wanted = new Set<Part>()
  #round: 'none' | 'under way' = 'none'
  readonly #cli: Cli
  readonly #emit: (event: Event) => void
  readonly #state: () => State
  readonly #until: AbortSignal

  constructor(cli: Cli, emit: (event: Event) => void, state: () => State, until: AbortSignal) {
    this.#cli = cli
    this.#emit = emit
    this.#state = state
    this.#until = until
  }

  want(parts: Part[]): void {
    for (const part of parts) this.#wanted.add(part)
    if (this.#round === 'under way') return
    this.#round = 'under way'
    void this.#rounds()
  }

  async #rounds(): Promise<void> {
    // A question after the end would open another connection, which then nobody closes.
    while (this.#wanted.size > 0 && !this.#until.aborted) {
      const parts = this.#wanted
      this.#wanted = new Set()
      await Promise.all(Array.from(parts, async (part) => await this.#fetch(part)))
      await pause(leastMs, this.#until)
    }
    this.#round = 'none'
  }

  async #fetch(part: Part): Promise<void> {
    try {
      if (part !== 'page') return this.#emit({ on: 'loaded', ...(await fetches[part](this.#cli, this.#state())) })
      const subject = openSubject(this.#state())
      if (subject !== null) this.#emit({ on: 'page', subject, lines: await fetchPage(this.#cli, subject) })
    } catch (error) {
      // Who went away is told by the stream, and all is asked anew when it is back.
      if (!isAway(error)) this.#emit({ on: 'told', text: wordsOf(error), bad: true })
    }
  }
}

/** The agent whose terminal is to be seen now. */
export function watched(state: State): string | null {
  const seen = state.place.name === 'overview' && state.mode.name !== 'help' && (layoutOf(state).name !== 'one' || state.pane === 'screen')
  return seen && state.link.name === 'live' ? (chosenAgent(state)?.agent ?? null) : null
}

/**
 * The terminal of one agent while it is looked at. Its log grows with all that it writes: that wakes this, so that
 * a quiet agent costs nothing.
 */
export class ScreenWatch {
  #agent: string | null = null
  #file: string | null = null
  #watcher: FSWatcher | null = null
  #timer: NodeJS.Timeout | undefined
  #asked = 0
  readonly #cli: Cli
  readonly #emit: (event: Event) => void

  constructor(cli: Cli, emit: (event: Event) => void) {
    this.#cli = cli
    this.#emit = emit
  }

  /** Null looks at nobody. */
  look(agent: string | null): void {
    if (agent === this.#agent) return
    this.#agent = agent
    this.#letGo()
    clearTimeout(this.#timer)
    if (agent !== null) void this.#ask(agent)
  }

  /** Something was told of it, such as a start: its terminal may be another. */
  stir(): void {
    if (this.#agent !== null) this.#soon(this.#asked + leastMs - Date.now())
  }

  #soon(ms: number): void {
    clearTimeout(this.#timer)
    const agent = this.#agent
    if (agent !== null) this.#timer = setTimeout(() => void this.#ask(agent), Math.max(0, ms))
  }

  async #ask(agent: string): Promise<void> {
    this.#asked = Date.now()
    try {
      const [log] = await this.#cli.call('logs', { agents: [agent], escapes: true })
      if (agent !== this.#agent) return
      if (log !== undefined) this.#follow(log.file)
      this.#emit({ on: 'screen', agent, text: log?.screen ?? null, why: '' })
    } catch (error) {
      if (agent !== this.#agent) return
      if (!isAway(error)) this.#emit({ on: 'screen', agent, text: null, why: wordsOf(error) })
    }
    this.#soon(staleMs)
  }

  /** The folder, since the file is replaced when it is large. One that is not there yet is found at the next look. */
  #follow(file: string): void {
    if (this.#watcher !== null && this.#file === file) return
    this.#letGo()
    try {
      this.#file = file
      this.#watcher = watch(dirname(file), (_change, name) => (name === basename(file) ? this.stir() : undefined))
      this.#watcher.on('error', () => this.#letGo())
    } catch {
      this.#letGo() // no such folder, or no more watches to be had: the slow look remains
    }
  }

  #letGo(): void {
    this.#watcher?.close()
    this.#watcher = null
  }
}

/** Of the page that is open; null where there is none that changes: a log is read once. */
function openSubject({ place }: State): Subject | null {
  return place.name === 'page' && place.subject.of !== 'log' ? place.subject : null
}

export function isAway(error: unknown): boolean {
  return error instanceof TroupeError && error.code === 'unavailable'
}

export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = error instanceof TroupeError && error.hint !== undefined ? `. Try: ${error.hint}` : ''
  return `${error.message}${hint}`
}
