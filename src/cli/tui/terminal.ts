import { PassThrough } from 'node:stream'
import { createInterface, emitKeypressEvents } from 'node:readline'
import { sgr, type Line } from './cells.ts'
import { keyOf, type Key, type Pressed } from './key.ts'
import type { Frame } from './render.ts'
import type { Size } from './state.ts'

/** Another screen, no cursor, no line breaks of the terminal's own, pasted text marked as such. */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?2004h\u001b[2J'
const leave = '\u001b[0m\u001b[?2004l\u001b[?7h\u001b[?25h\u001b[?1049l'
/** A lone Escape is told from the beginning of a sequence by nothing following within this time. ms */
const escapeMs = 40

const notStoppedMs = 100

export interface Reader {
  key(key: Key): void
  paste(text: string): void
  size(size: Size): void
  /** Somebody wants this to end (SIGTERM, SIGHUP); `code` is what the program then exits with. */
  end(code: number): void
}

/** The terminal while the page is on it. Whatever happens to the program, it is left as it was found. */
export class Terminal {
  #state: 'off' | 'on' | 'suspended' = 'off'
  #drawn: string[] = []
  #cursor = ''
  #pasting: string | null = null
  readonly #stdin: NodeJS.ReadStream
  readonly #stdout: NodeJS.WriteStream
  readonly #colours: boolean
  readonly #reader: Reader

  constructor(streams: { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; colours: boolean }, reader: Reader) {
    this.#stdin = streams.stdin
    this.#stdout = streams.stdout
    this.#colours = streams.colours
    this.#reader = reader
    emitKeypressEvents(this.#stdin, createInterface({ input: new PassThrough(), escapeCodeTimeout: escapeMs }))
  }

  get size(): Size {
    return { columns: this.#stdout.columns, rows: this.#stdout.rows }
  }

  start(): void {
    if (this.#state !== 'off') return
    this.#state = 'on'
    this.#stdin.on('keypress', this.#pressed)
    this.#stdin.setRawMode(true)
    this.#stdin.resume()
    this.#stdout.on('resize', this.#resized)
    process.on('exit', this.#restore)
    for (const signal of ending) process.on(signal, this.#ended)
    process.on('SIGTSTP', this.suspend)
    process.on('SIGCONT', this.#continued)
    this.#stdout.write(enter)
    this.#drawn = []
    this.#resized()
  }

  /** Gives the terminal back. Idempotent. */
  stop(): void {
    if (this.#state === 'off') return
    this.#restore()
    process.off('exit', this.#restore)
    for (const signal of ending) process.off(signal, this.#ended)
    process.off('SIGTSTP', this.suspend)
    process.off('SIGCONT', this.#continued)
    this.#stdout.off('resize', this.#resized)
    this.#stdin.off('keypress', this.#pressed)
    this.#stdin.pause()
  }

  /** Writes what differs from the last frame. */
  draw(frame: Frame): void {
    if (this.#state !== 'on') return
    const lines = frame.lines.map((line) => painted(line, this.#colours))
    const changed = lines.flatMap((line, row) => (line === this.#drawn[row] ? [] : [`\u001b[${row + 1};1H\u001b[0m\u001b[2K${line}`]))
    const cursor = frame.cursor === null ? '\u001b[?25l' : `\u001b[${frame.cursor.row + 1};${frame.cursor.column + 1}H\u001b[?25h`
    if (changed.length === 0 && cursor === this.#cursor) return
    this.#drawn = lines
    this.#cursor = cursor
    this.#stdout.write(`\u001b[?25l${changed.join('')}\u001b[0m${cursor}`)
  }

  /** The next frame is written whole: something else may have written on the terminal. */
  forget(): void {
    this.#drawn = []
    this.#cursor = ''
    if (this.#state === 'on') this.#stdout.write('\u001b[0m\u001b[2J')
  }

  /** As Ctrl-Z does: the shell is back until `fg`. */
  readonly suspend = (): void => {
    if (this.#state !== 'on') return
    this.#restore()
    this.#state = 'suspended'
    process.off('SIGTSTP', this.suspend)
    process.kill(0, 'SIGTSTP')
    // Where no shell could bring it back, the system does not stop it.
    setTimeout(() => (this.#state === 'suspended' ? this.#continued() : undefined), notStoppedMs)
  }

  readonly #continued = (): void => {
    process.off('SIGTSTP', this.suspend)
    process.on('SIGTSTP', this.suspend)
    this.#state = 'on'
    this.#stdin.setRawMode(true)
    this.#stdout.write(enter)
    this.forget()
    this.#resized()
  }

  readonly #restore = (): void => {
    if (this.#state === 'off') return
    this.#state = 'off'
    if (!this.#stdin.destroyed) this.#stdin.setRawMode(false)
    this.#stdout.write(leave)
  }

  readonly #resized = (): void => {
    this.forget()
    this.#reader.size(this.size)
  }

  readonly #ended = (signal: NodeJS.Signals): void => this.#reader.end(signal === 'SIGTERM' ? 143 : 129)

  readonly #pressed = (text: string | undefined, pressed: Pressed): void => {
    if (pressed.name === 'paste-start') this.#pasting = ''
    else if (pressed.name === 'paste-end') {
      const pasted = this.#pasting
      this.#pasting = null
      if (pasted !== null) this.#reader.paste(pasted)
    } else if (this.#pasting !== null) this.#pasting += text ?? pressed.sequence ?? ''
    else {
      const key = keyOf(text, pressed)
      if (key !== null) this.#reader.key(key)
    }
  }
}

const ending = ['SIGTERM', 'SIGHUP'] as const

/** A line as the terminal gets it. The cells hold no control character: they were made so. */
function painted(line: Line, colours: boolean): string {
  return line.map(({ text, style, at }) => `${at === undefined ? '' : `\u001b[${at + 1}G`}${sgr(style, colours)}${text}`).join('')
}
