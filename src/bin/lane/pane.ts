import { StringDecoder } from 'node:string_decoder'
import { TypingReader, type Typed } from '../scripted/typing.ts'
import type { Shown } from './shown.ts'

export type Key = { key: 'line'; text: string } | { key: 'interrupt' } | { key: 'escape' } | { key: 'end' }

/** An Escape that no other byte follows within this is the key, no sequence. ms */
const escapeMs = 50

const styles: { [who in Shown['who']]: readonly [mark: string, sgr: string] } = {
  user: ['›', '1;36'],
  agent: ['●', '0'],
  more: [' ', '0'],
  tool: ['⚙', '33'],
  result: ['↳', '2'],
  error: ['✗', '31'],
  asks: ['?', '1;35'],
  note: ['·', '2'],
}

/** The terminal of a lane: what is said above, a line for the person below. */
export class Pane {
  readonly #reader = new TypingReader()
  readonly #keys: (key: Key) => void
  #settle: NodeJS.Timeout | undefined
  #drawn = false

  constructor(keys: (key: Key) => void) {
    this.#keys = keys
    const { stdin, stdout } = process
    const decoder = new StringDecoder('utf8')
    if (stdin.isTTY) stdin.setRawMode(true)
    if (stdout.isTTY) stdout.write('\x1b[?2004h')
    stdin.on('data', (chunk: Buffer) => {
      clearTimeout(this.#settle)
      const had = this.#reader.draft !== ''
      this.#take(this.#reader.push(decoder.write(chunk)), had)
      this.#settle = setTimeout(() => this.#take(this.#reader.settle(), this.#reader.draft !== ''), escapeMs)
    })
    stdin.on('error', () => undefined) // the terminal is gone: a signal says so
    stdout.on('error', () => undefined)
    this.#draw()
  }

  show(lines: readonly Shown[]): void {
    if (lines.length === 0) return
    this.#erase()
    for (const each of lines) process.stdout.write(`${styled(each)}\n`)
    this.#draw()
  }

  /** Gives the terminal back as it was. */
  restore(): void {
    clearTimeout(this.#settle)
    this.#erase()
    if (process.stdout.isTTY) process.stdout.write('\x1b[?2004l')
    if (process.stdin.isTTY) process.stdin.setRawMode(false)
    process.stdin.destroy()
  }

  #take(typed: Typed[], had: boolean): void {
    for (const each of typed) {
      switch (each.key) {
        case 'line':
          if (each.text.trim() !== '') this.#keys(each)
          break
        case 'interrupt':
          // The first empties the line, where there is one.
          if (!had) this.#keys(each)
          break
        case 'escape':
        case 'end':
          this.#keys(each)
          break
        case 'echo':
      }
    }
    if (!process.stdout.isTTY) return
    this.#erase()
    this.#draw()
  }

  #erase(): void {
    if (this.#drawn) process.stdout.write('\r\x1b[K')
    this.#drawn = false
  }

  #draw(): void {
    const { isTTY, columns } = process.stdout
    if (!isTTY) return
    const draft = plain(this.#reader.draft).replaceAll('\n', '⏎')
    process.stdout.write(`\x1b[2m>\x1b[0m ${[...draft].slice(-Math.max(1, (columns || 80) - 4)).join('')}`)
    this.#drawn = true
  }
}

/** Text of others must not drive the terminal, nor hide what it says. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
}

function styled({ who, text }: Shown): string {
  const [mark, sgr] = styles[who]
  const [first = '', ...rest] = plain(text).trimEnd().split('\n')
  const body = [`${mark} ${first}`, ...rest.map((line) => `  ${line}`)]
  return process.stdout.isTTY ? body.map((line) => `\x1b[${sgr}m${line}\x1b[0m`).join('\n') : body.join('\n')
}
