import type { Clock } from '../../core/clock.ts'
import type { Terminal, ToolLine } from '../../core/runtime.ts'
import { pause } from './interrupt.ts'
import { whyNoPaste } from './rungs.ts'
import { findComposer } from './screen.ts'
import { readSessionFile, type Own } from './session-file.ts'
import { teamServer } from './settings.ts'
import type { Signals } from '../signals.ts'

/**
 * Claude itself tries at 0.9, 3, 4.1, 6, 10.1 and 17.8 s after the loss, and then never again: what has not come back
 * within the longest of these gaps and some slack does not come back by itself. ms
 */
const ownTries = 12_000
/** Between our tries, ms. After the last one a person has to look. */
const pauses = [20_000, 120_000, 600_000]
const answerMs = 5_000
/** A paste that is not on the screen by then has met something else. */
const drawnMs = 3_000
const stepMs = 100

const command = `/mcp reconnect ${teamServer}`

interface Parts {
  tools: ToolLine
  own: Own
  terminal: Terminal
  clock: Clock
  signals: Signals
}

/** Brings back a connection to the team's tools that Claude has given up, by the command a person would type. */
export class Reconnect {
  readonly #parts: Parts
  #lostAt: number | null = null
  /** Some versions only ask and never listen: for them nothing can be told from silence. */
  #listens = false
  #tries = 0
  #nextAt = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether a try is due in this state. Called again and again. */
  isDue(status: string | null): boolean {
    const { tools, clock } = this.#parts
    const now = clock.elapsed()
    if (tools.open()) {
      this.#listens = true
      this.#lostAt = null
      this.#tries = 0
      this.#nextAt = 0
      return false
    }
    this.#lostAt ??= now
    if (!this.#listens && tools.heardAt() !== null) return false
    return status === 'idle' && now - this.#lostAt >= ownTries && now >= this.#nextAt && this.#tries <= pauses.length
  }

  /** Types the command into an empty input box of an idle Claude, and waits for the server to see it come back. */
  async go(): Promise<void> {
    const { own, terminal, clock, tools } = this.#parts
    if ((await readSessionFile(own))?.status !== 'idle' || tools.open()) return
    // Left there by an earlier try, whose Enter was lost.
    const isThere = await this.#isInBox()
    if (!isThere && (await whyNoPaste(this.#parts)) !== null) return
    this.#nextAt = clock.elapsed() + (pauses[this.#tries] ?? 0)
    this.#tries += 1
    const asked = clock.elapsed()
    if (!isThere) await terminal.type([{ paste: command }])
    while (!(await this.#isInBox()) && clock.elapsed() - asked < drawnMs) await pause(clock, stepMs)
    if (!(await this.#isInBox())) {
      return this.#note('the team’s tools are not connected, but somebody is typing: /mcp reconnect was left in the input box')
    }
    await terminal.type([{ keys: ['Enter'] }])
    while (!tools.open() && clock.elapsed() - asked < answerMs) await pause(clock, stepMs)
    const came = tools.open() || (tools.heardAt() ?? 0) >= asked
    // Its Enter was lost: it would stand in the way of mail.
    if (!came && (await this.#isInBox())) await terminal.type([{ keys: ['C-u'] }])
    const last = this.#tries > pauses.length ? ', and it is not tried again: restart it' : ''
    this.#note(came ? `the team’s tools were not connected: ${command} brought them back` : `the team’s tools are not connected, and ${command} did not help${last}`)
  }

  async #isInBox(): Promise<boolean> {
    return findComposer(await this.#parts.terminal.screen({ escapes: true }))?.text === command
  }

  #note(what: string): void {
    this.#parts.signals.emit({ type: 'note', evidence: { at: this.#parts.clock.now(), what, source: 'mcp' } })
  }
}
