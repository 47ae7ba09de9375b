import type { Clock } from '../../core/clock.ts'
import { aging } from '../../core/clock.ts'
import type { Evidence } from '../../core/phase.ts'
import type { Signals } from '../signals.ts'
import type { Dialog, Shown } from './screen.ts'

type At = 'idle' | 'busy' | 'waiting'

/** So many looks in a row the screen has to say otherwise before it counts more than the last hook. */
const looksAgainst = 6
const waitFix = 'choose with the arrow keys, confirm with Enter; Escape refuses. permission_mode decides what is asked'

/**
 * What the CLI does now. Hooks and session file say it; the screen only where those have nothing to say: dialogs without a
 * hook, questions that were answered at the terminal, and what was lost.
 */
export class State {
  readonly #signals: Signals
  readonly #clock: Clock
  #at: At | null = null
  #against = 0
  #told: Dialog | null = null
  #idleAge: () => number = () => 0

  constructor(signals: Signals, clock: Clock) {
    this.#signals = signals
    this.#clock = clock
  }

  /** null: not ready yet. */
  get at(): At | null {
    return this.#at
  }

  /** ms; 0 where it is not idle. */
  idleFor(): number {
    return this.#at === 'idle' ? this.#idleAge() : 0
  }

  /** Whether its screen said the same when it was last looked at. */
  get agrees(): boolean {
    return this.#against === 0
  }

  ready(at: 'idle' | 'busy'): void {
    this.#signals.emit({ type: 'ready', evidence: this.#evidence('its input box is drawn', 'screen') })
    this.become(at, at === 'idle' ? 'its input box is drawn' : 'its screen says that it works', 'screen')
  }

  become(at: 'idle' | 'busy', what: string, source: string): void {
    // Before it is ready a turn can have begun: whoever typed it is there.
    if (this.#at === null && at === 'busy') this.#signals.emit({ type: 'ready', evidence: this.#evidence(what, source) })
    if (this.#at === null && at === 'idle' && source === 'hook') return
    this.#against = 0
    this.#told = null
    if (this.#at === at) return
    this.#at = at
    if (at === 'idle') this.#idleAge = aging(this.#clock, this.#clock.now())
    this.#signals.emit({ type: at, evidence: this.#evidence(what, source) })
  }

  waits(what: string, evidence: string, source: string, fix = waitFix): void {
    this.#at = 'waiting'
    this.#against = 0
    this.#signals.emit({ type: 'waiting', what, fix, evidence: this.#evidence(evidence, source) })
  }

  /** A question is troupe's to answer: whoever holds it says what for. */
  asks(evidence: string): void {
    this.#at = 'waiting'
    this.#against = 0
    this.#signals.emit({ type: 'note', evidence: this.#evidence(evidence, 'hook') })
  }

  startDialog(dialog: Dialog, lines: string): void {
    if (dialog === this.#told) return
    this.#told = dialog
    this.#signals.emit({ type: 'waiting', what: dialog.what, fix: dialog.fix, evidence: this.#evidence(`on its screen: ${lines}`, 'screen') })
  }

  seen({ draft, working, dialog }: Shown, lines: string, forwarded: boolean): void {
    const shows: At | null = dialog !== null ? 'waiting' : working ? 'busy' : draft !== null ? 'idle' : null
    if (shows === null || shows === this.#at) {
      this.#against = 0
      return
    }
    this.#against += 1
    // A question that is gone was answered; the hook tells of the tool's end only. One that is there needs no second look but this.
    const enough = this.#at === 'waiting' ? 2 : shows === 'waiting' ? 2 : looksAgainst
    if (this.#against < enough) return
    if (shows !== 'waiting') return this.become(shows, `its screen: ${lines}`, 'screen')
    if (dialog !== null && !forwarded) this.waits(dialog.what, `on its screen: ${lines}`, 'screen', dialog.fix)
  }

  #evidence(what: string, source: string): Evidence {
    return { at: this.#clock.now(), what, source }
  }
}
