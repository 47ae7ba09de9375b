import type { Clock } from '../../core/clock.ts'
import type { Address } from '../../core/team.ts'
import type { Connection } from './connection.ts'
import { rotate } from './logs.ts'
import { pipeCommands, type Terminal } from './panes.ts'

export interface WatchOptions {
  clock: Clock
  limits(): { logBytes: number; logFiles: number }
  logFile(address: Address): string
  /** What the server holds now, reconnecting if need be; null where no server runs. */
  look(): Promise<{ connection: Connection; terminals: Terminal[] } | null>
  /** Makes the server notice children that have ended (see Host). Costs next to nothing. */
  nudge(): void
}

/** Looks by itself this often, ms: for a wake-up that was lost, for logs to rotate, for a connection to renew. */
const tick = 5_000
/** How late a death may be noticed where the server lost its signal, ms. */
const beat = 250

/** Tells listeners that something changed, and keeps the logs. A listener is only woken: it looks for itself. */
export class Watch {
  readonly #options: WatchOptions
  readonly #listeners = new Set<() => void>()
  #leave: (() => void) | null = null
  #leaveBeat: (() => void) | null = null
  #woken: (() => void) | null = null
  #last = ''

  constructor(options: WatchOptions) {
    this.#options = options
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#leave ??= this.#options.clock.after(tick, () => void this.#tick())
    this.#leaveBeat ??= this.#options.clock.after(beat, () => this.#beat())
  }

  stop(): void {
    for (const leave of [this.#leave, this.#leaveBeat, this.#woken]) leave?.()
    this.#leave = this.#leaveBeat = this.#woken = null
  }

  /** Many changes of one moment are one wake-up. Stopped, it tells nobody. */
  wake(): void {
    if (this.#leave === null) return
    this.#woken ??= this.#options.clock.after(5, () => {
      this.#woken = null
      this.#tell()
    })
  }

  #beat(): void {
    this.#options.nudge()
    this.#leaveBeat = this.#options.clock.after(beat, () => this.#beat())
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  async #tick(): Promise<void> {
    const seen = await this.#observe().catch((error: unknown) => String(error))
    if (this.#leave === null) return
    if (seen !== this.#last) this.#tell()
    this.#last = seen
    this.#leave = this.#options.clock.after(tick, () => void this.#tick())
  }

  /** One line for all that is there: a failure to look is a change too, and listeners get it from their own look. */
  async #observe(): Promise<string> {
    const found = await this.#options.look()
    if (found === null) return 'no server'
    await this.#keepLogs(found.connection, found.terminals)
    return found.terminals.map(({ pane, incarnation, state }) => `${pane} ${incarnation} ${state.alive}`).join('\n')
  }

  /** One that cannot be kept holds up none of the others, which would grow without an end. Rejects with what was wrong with the last. */
  async #keepLogs(connection: Connection, terminals: readonly Terminal[]): Promise<void> {
    let wrong: unknown = null
    for (const each of terminals) await this.#keepLog(connection, each).catch((error: unknown) => (wrong = error))
    if (wrong !== null) throw wrong
  }

  async #keepLog(connection: Connection, { address, pane, piped, state }: Terminal): Promise<void> {
    const { logBytes, logFiles } = this.#options.limits()
    const log = this.#options.logFile(address)
    const rotated = rotate(log, { bytes: logBytes, files: logFiles })
    if (state.alive && (rotated || !piped)) await connection.request(...pipeCommands(pane, log))
  }
}
