import type { Clock } from '../../core/clock.ts'
import type { Terminal } from '../../core/runtime.ts'
import { askedBy, findOpenDialog, findStartDialog, lastLines, unknownDialog, type Dialog } from './dialogs.ts'
import { findRetry } from './screen.ts'
import type { SessionFile } from './session-file.ts'
import type { Signals } from '../signals.ts'
import { isUntold, saidToWait } from './status.ts'

/** Claude starts within a second; what it asks then stands on a screen with nothing else on it. ms */
const startPatience = 1_500
/** After this long a start that shows something unknown, and goes on showing it, counts as a question. ms */
const strangePatience = 10_000
/** A dialog is drawn a moment after the file says so; our own short commands are over by then. ms */
const drawMs = 400
/** The wait before a retry is written on the screen for as long as it lasts, half a second at the least: looks, and ms between them. */
const retryLooks = 5
const retryLookMs = 300

interface Parts {
  terminal: Terminal
  clock: Clock
  /** Of the process, ms. */
  age(): number
  signals: Signals
  /** The session file as it is now. */
  reread(): Promise<SessionFile | null>
}

/** What Claude asks of its user: told by a hook where it is, by the screen where nothing else tells. */
export class Questions {
  readonly #parts: Parts
  #asking: Dialog | null = null
  /** The start dialog that was told. */
  #told: Dialog | null = null
  #startScreen = ''
  /** Cause of the retries that was told for this turn. */
  #retrying: string | null = null
  #cancel = () => {}
  #stopLooks = () => {}

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What the last PermissionRequest asked for; null once it was answered. */
  get asking(): Dialog | null {
    return this.#asking
  }

  permission(tool: string, input: unknown): void {
    const { evidence, ...dialog } = askedBy(tool, input)
    this.#asking = dialog
    this.#note(evidence, 'hook')
  }

  answered(): void {
    this.#asking = null
  }

  turnBegan(): void {
    this.#retrying = null
    this.#stopLooks()
  }

  /** Before there is a session, the screen is all there is. */
  async lookAtStart(): Promise<void> {
    const { terminal } = this.#parts
    const age = this.#parts.age()
    if (age < startPatience) return
    const screen = await terminal.screen().catch(() => '') // a terminal that is gone: its end is told elsewhere
    const same = screen === this.#startScreen
    this.#startScreen = screen
    const dialog = findStartDialog(screen) ?? (age > strangePatience && same && lastLines(screen) !== '' ? unknownDialog : null)
    if (dialog === null || dialog === this.#told) return
    this.#told = dialog
    this.#waits(dialog, `no session yet, and on its screen: ${lastLines(screen)}`)
  }

  /**
   * True where a waiting status does not say what for: the screen is then looked at, once the dialog is drawn, and
   * the answer told if it still waits. Left alone, a command of our own that is over in a moment is not told at all.
   */
  looksInto(file: SessionFile): boolean {
    this.#cancel()
    if (!isUntold(file, this.#asking)) return false
    this.#cancel = this.#parts.clock.after(drawMs, () => {
      this.#look(file).catch((error: unknown) => this.#note(`what it asks cannot be read: ${String(error)}`, 'screen'))
    })
    return true
  }

  /**
   * A call to the model was made again. The screen says why while Claude waits before the next: where that has just
   * gone, the retry is told all the same, and the screen looked at a few times more.
   */
  async retried(): Promise<void> {
    this.#stopLooks()
    if (await this.#tellRetry()) return
    let looks = retryLooks
    const again = async () => {
      if ((await this.#tellRetry()) || --looks === 0) return
      this.#stopLooks = this.#parts.clock.after(retryLookMs, look)
    }
    const look = () => void again().catch((error: unknown) => this.#note(`why it asks again cannot be read: ${String(error)}`, 'screen'))
    this.#stopLooks = this.#parts.clock.after(retryLookMs, look)
  }

  close(): void {
    this.#cancel()
    this.#stopLooks()
  }

  /** True where the screen says why. */
  async #tellRetry(): Promise<boolean> {
    const found = findRetry(await this.#parts.terminal.screen().catch(() => ''))
    const cause = found?.cause ?? 'unknown'
    if (cause === this.#retrying || (found === null && this.#retrying !== null)) return found !== null
    this.#retrying = cause
    this.#note(`the model’s API failed and is asked again: ${found?.line ?? 'its screen does not say why'}`, found === null ? 'transcript' : 'screen')
    return found !== null
  }

  async #look(before: SessionFile): Promise<void> {
    const file = await this.#parts.reread()
    if (file?.status !== 'waiting' || file.statusUpdatedAt !== before.statusUpdatedAt) return
    const screen = await this.#parts.terminal.screen()
    const said = saidToWait(file.waitingFor, this.#asking)
    const dialog = said === unknownDialog || this.#asking === null ? (findOpenDialog(screen) ?? said) : said
    this.#waits(dialog, `status waiting, ${file.waitingFor ?? 'for something'}; on its screen: ${lastLines(screen)}`)
  }

  #waits({ what, fix }: Dialog, seen: string): void {
    this.#parts.signals.emit({ type: 'waiting', what, fix, evidence: { at: this.#parts.clock.now(), what: seen, source: 'screen' } })
  }

  #note(what: string, source: string): void {
    this.#parts.signals.emit({ type: 'note', evidence: { at: this.#parts.clock.now(), what, source } })
  }
}
