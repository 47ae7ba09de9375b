import picocolors from 'picocolors'
import { logLevel } from '../config/log-level.ts'
import { toShape } from '../core/error.ts'
import { pipedScreen, terminalScreen, type Screen } from './screen.ts'
import { table, type Cell, type Column } from './table.ts'
import { escapeLine, escapeText, toJson } from './text.ts'

export type Colors = ReturnType<typeof picocolors.createColors>

/** What the output needs of a stream; `columns` and `rows` are there on a terminal only, and change with its window. */
export interface Sink {
  /** False where it holds more than it wants to: `drain` tells when that is gone. */
  write(text: string): unknown
  once?(event: 'drain', listener: () => void): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

/** What a text of several lines is printed on. */
export type Page = Pick<Output, 'color' | 'line'>

/** Data goes to stdout, words to stderr. With --json stdout holds exactly one JSON value. */
export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  /** stdout is a terminal that understands colours and cursor movement. */
  readonly live: boolean
  /** Width of the terminal; Infinity where there is none, so that pipes get whole lines. */
  readonly columns: number
  /** For stdout. */
  readonly color: Colors
  /** Data: either the value with --json, or what `print` writes. */
  show(value: unknown, print: () => void): void
  /** One line of data, escaped already. */
  line(text?: string): void
  /** As it is, no line break added. */
  raw(text: string): void
  /** The same for what has no end in sight: resolves once the reader has room for more, or with the signal. */
  flow(text: string, signal: AbortSignal): Promise<void>
  table(columns: Column[], rows: Cell[][]): void
  /** Words for a person; nothing with -q. */
  say(text: string): void
  /** A line of words that is escaped and coloured (with `wordColor`) already; nothing with -q. */
  told(line: string): void
  /** For stderr. */
  readonly wordColor: Colors
  /** Words that matter even with -q; escaped and coloured already. */
  trouble(text: string): void
  warn(text: string): void
  error(error: unknown): void
  /** What only somebody who looks for a fault wants to know: with TROUPE_LOG=debug, on stderr. */
  debug(text: string): void
  /** For a view that is drawn anew again and again. In a pipe each view that differs is printed; with --json as a line. */
  screen(): Screen
  /** A line on a terminal if this takes over a second; returns the way out. */
  progress(text: string): () => void
}

export interface OutputOptions {
  stdout: Sink
  stderr: Sink
  env: Record<string, string | undefined>
  json: boolean
  quiet: boolean
  /** false with --no-color */
  color: boolean
}

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, env, json, quiet } = options
  const dumb = env.TERM === 'dumb'
  const coloured = (stream: Sink): boolean => options.color && stream.isTTY === true && !dumb && !env.NO_COLOR
  const color = picocolors.createColors(coloured(stdout))
  const words = picocolors.createColors(coloured(stderr))
  const live = stdout.isTTY === true && !dumb
  const talks = ['debug', 'trace'].includes(logLevel(env))
  let collected: string[] | null = null
  const waiting = createProgress(stderr, stderr.isTTY === true && !dumb && !json && !quiet)
  const line = (text = ''): void => {
    if (collected !== null) return void collected.push(...text.split('\n'))
    waiting.erase()
    stdout.write(`${text}\n`)
  }
  const note = (text: string): void => {
    if (collected !== null) return void collected.push(...text.split('\n'))
    waiting.erase()
    stderr.write(`${text}\n`)
  }
  const collect = (print: () => void): string[] => {
    const lines: string[] = (collected = [])
    try {
      print()
    } finally {
      collected = null
    }
    return lines
  }
  const warn = (text: string): void => note(`${words.yellow('warning:')} ${escapeText(text)}`)
  return {
    json,
    quiet,
    live,
    get columns() {
      return stdout.isTTY === true ? (stdout.columns ?? 80) : Infinity
    },
    color,
    line,
    raw: (text) => void stdout.write(text),
    flow: async (text, signal) => {
      if (stdout.write(text) === false && !signal.aborted) await drained(stdout, signal)
    },
    show: (value, print) => (json ? line(toJson(value)) : print()),
    table(heads, rows) {
      line(table(heads, rows, this.columns, color.dim).join('\n'))
    },
    say: (text) => (quiet ? undefined : note(escapeText(text))),
    told: (text) => (quiet ? undefined : note(text)),
    wordColor: words,
    trouble: note,
    warn,
    debug: (text) => (talks ? note(words.dim(`debug: ${escapeText(text)}`)) : undefined),
    error(error) {
      const shape = toShape(error)
      if (json) return note(toJson({ error: { code: shape.code, message: shape.message, hint: shape.hint ?? null, facts: shape.facts ?? {} } }))
      note(`${words.red('error:')} ${escapeText(shape.message)}`)
      if (shape.hint !== undefined) note(`${words.bold('Try:')} ${escapeText(shape.hint)}`)
    },
    screen() {
      if (live && !json) return terminalScreen(stdout, collect)
      return pipedScreen((value, print) => (json ? line(JSON.stringify(value)) : print()), warn)
    },
    progress: waiting.start,
  }
}

function drained(stdout: Sink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    stdout.once?.('drain', done)
  })
}

/**
 * Nothing for the first second, then one line that counts the seconds, makes way for whatever else is printed, and
 * goes away at the end.
 */
function createProgress(stderr: Sink, shown: boolean): { start(text: string): () => void; erase(): void } {
  let drawn = false
  const erase = (): void => {
    if (drawn) stderr.write('\r\u001b[2K')
    drawn = false
  }
  const start = (text: string): (() => void) => {
    if (!shown) return () => undefined
    const started = Date.now()
    const timer = setInterval(() => {
      drawn = true
      stderr.write(`\r\u001b[2K${escapeLine(text)} ${Math.round((Date.now() - started) / 1000)}s`)
    }, 1000)
    timer.unref()
    return () => {
      clearInterval(timer)
      erase()
    }
  }
  return { start, erase }
}
