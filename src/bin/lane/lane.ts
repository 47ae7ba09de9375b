import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { longestLine, type LaneFact, type LaneView } from '../../util/lane-link.ts'
import { LineCutter } from '../../util/lines.ts'
import { startPiped, type Piped } from '../../util/spawn.ts'
import { Door } from './door.ts'
import { Pane, type Key } from './pane.ts'
import { Record } from './record.ts'
import { viewOf } from './views.ts'

/** ms */
const secondPress = 2_000
/** For the CLI to end by itself once its input is closed, and again after SIGTERM. ms */
const patience = 5_000
/** What a CLI leaves running may hold its streams: how long they are read after its end, ms. */
const lastWords = 1_000
/** For a daemon to come and hear the end: one that was killed is back within seconds, a machine's only in the morning. And where the end was asked for. ms */
const linger = 24 * 3_600_000
const shortLinger = 500

export interface LaneOptions {
  folder: string
  socket: string
  view: LaneView
  /** The file that is all of the CLI's input; null where the daemon writes it. */
  input: string | null
  argv: readonly string[]
}

interface End {
  code: number | null
  signal: NodeJS.Signals | null
}

/** One CLI, its record, its door and its pane. */
export class Lane {
  readonly #options: LaneOptions
  readonly #record: Record
  readonly #pane: Pane
  readonly #door: Door
  readonly #show: ReturnType<typeof viewOf>
  #child: Piped | null = null
  #seen = 0
  #ending = false
  #end: End | null = null
  #interrupted = -Infinity

  constructor(options: LaneOptions) {
    this.#options = options
    this.#record = new Record(options.folder, () => Date.now())
    this.#show = viewOf(options.view)
    this.#door = new Door({ record: this.#record, write: (text, tag, fill) => this.#write(text, tag, fill), seen: (n) => this.#heard(n) })
    this.#pane = new Pane((key) => this.#press(key))
  }

  /** Ends with this process. */
  async run(): Promise<void> {
    await this.#door.open(this.#options.socket)
    const child = startPiped(this.#options.argv)
    this.#child = child
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const) {
      process.on(signal, () => (this.#end === null ? this.#finish(signal) : this.#leave()))
    }
    this.#follow(child.stdout, 'out')
    this.#follow(child.stderr, 'err')
    child.stdin.on('error', () => undefined) // it reads no more: its end tells
    if (this.#options.input !== null) this.#give(child, readFileSync(this.#options.input, 'utf8'))
    const end = await this.#ended(child)
    this.#keep({ kind: 'exit', ...end })
    this.#end = end
    this.#heard(this.#seen)
    setTimeout(() => this.#leave(), this.#ending ? shortLinger : linger)
  }

  /** All that it is told. */
  #give(child: Piped, input: string): void {
    child.stdin.end(input)
    this.#pane.show([{ who: 'user', text: input }])
  }

  #ended(child: Piped): Promise<End> {
    return new Promise((resolve) => {
      child.once('error', (error) => {
        this.#keep({ kind: 'note', text: `${this.#options.argv[0]} cannot be started: ${error.message}` })
        resolve({ code: 127, signal: null })
      })
      child.once('exit', (code, signal) => void setTimeout(resolve, lastWords, { code, signal }))
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  #follow(stream: Readable, kind: 'out' | 'err'): void {
    const cutter = new LineCutter(longestLine)
    const take = (chunk: Buffer): void => {
      for (const line of cutter.push(chunk)) {
        this.#keep(line === 'too long' ? { kind: 'note', text: `a line of more than ${longestLine} bytes was dropped` } : { kind, text: line.toString() })
      }
    }
    stream.on('data', take)
    // A last line without an end is a line.
    stream.on('end', () => take(Buffer.from('\n')))
  }

  #keep(fact: LaneFact): void {
    this.#record.add(fact)
    this.#door.ring()
    this.#pane.show(this.#show(fact))
  }

  #write(text: string, tag: string, fill: readonly string[]): void {
    const stdin = this.#child?.stdin
    if (stdin?.writable !== true) return this.#keep({ kind: 'note', text: 'the CLI takes no more input' })
    const filled = fill.reduce((all, name) => all.replaceAll(`\${${name}}`, () => JSON.stringify(process.env[name] ?? '').slice(1, -1)), text)
    stdin.write(`${filled}\n`)
    this.#keep({ kind: 'in', text, tag })
  }

  #heard(n: number): void {
    this.#seen = Math.max(this.#seen, n)
    if (this.#end !== null && this.#seen >= this.#record.next - 1) this.#leave()
  }

  #press(key: Key): void {
    if (key.key === 'line') return this.#keep({ kind: 'typed', text: key.text })
    const now = performance.now()
    const isSecond = key.key === 'interrupt' && now - this.#interrupted < secondPress
    if (key.key === 'end' || isSecond) return this.#finish()
    // Escape ends nothing, however often it is pressed.
    if (key.key === 'interrupt') this.#interrupted = now
    // A one-shot run has nothing to go on with: interrupted, it ends.
    if (this.#options.input !== null) this.#child?.kill('SIGINT')
    this.#keep({ kind: 'interrupt' })
  }

  /** Politely first: most CLIs end when their input does. */
  #finish(signal?: NodeJS.Signals): void {
    const child = this.#child
    if (this.#end !== null || child === null || (this.#ending && signal === undefined)) return
    this.#ending = true
    child.stdin.end()
    if (signal !== undefined) child.kill(signal)
    setTimeout(() => child.kill('SIGTERM'), patience).unref()
    setTimeout(() => child.kill('SIGKILL'), 2 * patience).unref()
  }

  /** The CLI's own end becomes ours. */
  #leave(): void {
    const { code, signal } = this.#end ?? { code: 1, signal: null }
    this.#door.close()
    this.#pane.restore()
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(1), lastWords) // one that does not end a process
  }
}
