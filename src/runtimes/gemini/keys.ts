import type { Clock } from '../../core/clock.ts'
import type { ToolCall } from '../../core/gate.ts'
import type { Attempt, Terminal } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { look, showsQuestion, type Shown } from './screen.ts'
import type { Unentered } from './unentered.ts'

/** A hook is a process: on a busy machine it takes a while to echo. ms */
const echoPatience = 8_000
/** An Enter right behind a paste is taken for a part of it. ms */
const afterPasteMs = 150
/** Longer than it takes to draw one screen. ms */
const frameMs = 60
const drawLooks = 8
const drawMs = 200
/** A paste is drawn within 50 ms; on a busy machine it takes seconds. */
const pasteLooks = 50
const mostEnters = 3
const interruptPatience = 10_000
const stepMs = 50
/** A question is drawn a moment after its hook. */
const looks = 40
const lookMs = 150

/** What is typed into its terminal, each thing only where the screen shows that it fits. */
export class Keys {
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #unentered: Unentered

  constructor(terminal: Terminal, clock: Clock, unentered: Unentered) {
    this.#terminal = terminal
    this.#clock = clock
    this.#unentered = unentered
  }

  shown(screen: string): Shown {
    return look(screen)
  }

  async whyNoPaste(text: string): Promise<string | null> {
    return /^\s*[/!?@]/.test(text) ? 'its first character would make it a command' : await this.#whyNotFree()
  }

  /** Two looks in a row must show an empty box. The end of a turn is told before it is drawn: that is waited for. */
  async #whyNotFree(): Promise<string | null> {
    let why: string | null = null
    for (let left = drawLooks, empty = 0; left > 0; left -= 1) {
      why = whyNot(await this.#shown())
      empty = why === null ? empty + 1 : 0
      if (empty === 2) return null
      await this.#pause(why === null ? frameMs : drawMs)
    }
    return why ?? 'its screen changes all the time'
  }

  /** Enters a command of the CLI's own. Null once it was taken, else why not. */
  async command(words: string): Promise<string | null> {
    const isInBox = async (): Promise<boolean> => (await this.#shown()).draft === words
    // Left there by an earlier try, whose Enter was lost.
    if (!(await isInBox())) {
      const why = await this.#whyNotFree()
      if (why !== null) return why
      await this.#terminal.type([{ paste: words }])
      await this.#pause(afterPasteMs)
      if (!(await this.#becomes(isInBox))) return 'somebody is writing in the input box'
    }
    // A first Enter that comes too soon is taken for a part of the paste.
    if (await this.#enter(isInBox)) return null
    // Left there, it would stand in the way of mail.
    if (await isInBox()) await this.#terminal.type([{ keys: ['C-u'] }])
    return 'its input box does not give the command away'
  }

  async #becomes(so: () => Promise<boolean>, most = drawLooks): Promise<boolean> {
    for (let left = most; left > 0; left -= 1) {
      if (await so()) return true
      await this.#pause(drawMs)
    }
    return false
  }

  async #shown(): Promise<Shown> {
    return look(await this.#terminal.screen())
  }

  /**
   * `echo` resolves with what became of the text, or null when the ms are over. An Enter that comes before the paste is drawn is
   * taken for a part of it, and the box keeps its text: it is pressed again while that is to be seen, and only then, since anything
   * else there is a person's, or a question that it would answer.
   */
  async paste({ text, marker }: { text: string; marker: string }, echo: (ms: number) => Promise<Attempt | null>): Promise<Attempt | null> {
    const holdsText = async (): Promise<boolean> => {
      const { draft } = await this.#shown()
      this.#unentered.drawn(draft ?? '')
      return (draft ?? '') !== ''
    }
    this.#unentered.begin(marker)
    await this.#terminal.type([{ paste: text }])
    await this.#pause(afterPasteMs)
    // Where nothing of it is ever to be seen: into an empty box an Enter does nothing.
    if ((await this.#becomes(holdsText, pasteLooks)) || (await this.#shown()).draft !== null) await this.#enter(holdsText)
    const first = await echo(echoPatience)
    if (first === null) await this.enterLeft()
    else this.#unentered.over()
    return first ?? (await echo(echoPatience))
  }

  /** The message that stands in the input box because it was never entered, as its marker; null where nothing of troupe's does. */
  left({ draft, inShell }: Shown): string | null {
    return draft === null || draft === '' || inShell ? null : this.#unentered.markerOf(draft)
  }

  /** Whether that has to be looked into. */
  mayHoldOwn(shown: Shown): boolean {
    return this.#unentered.any || this.left(shown) !== null
  }

  /** Enters what was left in the box. Returns the marker of what stood there, and whether it is gone; null: nothing of troupe's did. */
  async enterLeft(): Promise<{ marker: string; gone: boolean } | null> {
    const marker = this.left(await this.#shown())
    const gone = marker === null || (await this.#enter(async () => this.left(await this.#shown()) !== null))
    if (gone) this.#unentered.over()
    return marker === null ? null : { marker, gone }
  }

  /** True once the box does not hold it any more. */
  async #enter(holds: () => Promise<boolean>): Promise<boolean> {
    for (let left = mostEnters; left > 0; left -= 1) {
      await this.#terminal.type([{ keys: ['Enter'] }])
      if (await this.#becomes(async () => !(await holds()))) return true
    }
    return false
  }

  async interrupt(isOver: () => boolean): Promise<void> {
    await this.#terminal.type([{ keys: ['Escape'] }])
    const end = this.#clock.elapsed() + interruptPatience
    while (!isOver() && this.#clock.elapsed() < end) await this.#pause(stepMs)
  }

  /**
   * Answers the question about exactly this call. False where no such question can be seen: nothing was entered then. `isMeant`: no other
   * call was announced since. A question shows of a call less than what makes it this one.
   */
  async answer({ tool, input }: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny', isMeant: () => boolean): Promise<boolean> {
    const words = wordsOf(tool, input)
    for (let left = looks; left > 0 && words !== null && isMeant(); left -= 1) {
      const screen = await this.#terminal.screen()
      if (isMeant() && showsQuestion(screen, words)) {
        await this.#terminal.type([{ keys: [verdict === 'approve' ? 'Enter' : 'Escape'] }])
        return true
      }
      await this.#pause(lookMs)
    }
    return false
  }

  /** “2. Stop” of what is asked when its provider refuses: the turn then ends with the error in the session file. */
  async stopTrying(): Promise<void> {
    const screen = await this.#terminal.screen()
    const choice = look(screen).dialog?.limit === true ? /(\d)\. Stop\b/.exec(screen)?.[1] : undefined
    if (choice === undefined) return
    await this.#terminal.type([{ keys: [choice] }])
    await this.#pause(10 * stepMs)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve))
  }
}

function whyNot({ draft, inShell, dialog }: Shown): string | null {
  if (dialog !== null) return 'a question is open'
  if (draft === null) return 'no input box is on the screen'
  return inShell || draft !== '' ? 'somebody is writing in the input box' : null
}

/** By what a question shows the call: its command, or `Tool: name`. */
function wordsOf(tool: string, input: unknown): string | null {
  if (!isRecord(input)) return null
  if (typeof input['command'] === 'string') return input['command'].includes('\n') ? null : input['command']
  const mcp = /^mcp_[^_]+_(.+)$/.exec(tool)?.[1]
  return mcp === undefined ? null : `Tool: ${mcp}`
}
