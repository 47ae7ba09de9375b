import type { Clock } from '../../core/clock.ts'
import type { Terminal } from '../../core/runtime.ts'
import type { Signals } from '../signals.ts'
import { findStartDialog } from './dialogs.ts'

/** A terminal without a conversation after this long probably asks something; and between two looks. ms */
const quietMs = 3_000

/** What stands on the screen before there is a conversation: Codex tells of it in no other way. */
export class StartDialogs {
  readonly #parts: { terminal: Terminal; clock: Clock; signals: Signals }
  #looked: number
  #asks: string | null = null

  constructor(parts: { terminal: Terminal; clock: Clock; signals: Signals; startedAt: number }) {
    this.#parts = parts
    this.#looked = parts.startedAt
  }

  async look(): Promise<void> {
    const { terminal, clock, signals } = this.#parts
    const at = clock.now()
    if (at - this.#looked < quietMs) return
    this.#looked = at
    const dialog = findStartDialog(await terminal.screen())
    if (dialog === null || dialog.what === this.#asks) return
    this.#asks = dialog.what
    signals.emit({ type: 'waiting', ...dialog, evidence: { at, what: `its screen asks: ${dialog.what}`, source: 'screen' } })
  }
}
