import { StringDecoder } from 'node:string_decoder'
import { TypingReader, type Typed } from './typing.ts'

/** The agent's terminal: a plain transcript with a prompt. */
export interface Screen {
  print(text: string): void
  /** Gives the terminal back as it was. */
  restore(): void
}

/** In raw mode, so that a pasted message of any length comes in whole; works on a pipe too. */
export function openScreen(onTyped: (typed: Exclude<Typed, { key: 'echo' }>) => void): Screen {
  const { stdin, stdout } = process
  const reader = new TypingReader()
  const decoder = new StringDecoder('utf8')
  if (stdin.isTTY) stdin.setRawMode(true)
  if (stdout.isTTY) stdout.write('\x1b[?2004h')
  stdin.on('data', (chunk: Buffer) => {
    for (const typed of reader.push(decoder.write(chunk))) {
      if (typed.key === 'echo') stdout.write(visible(typed.text))
      else {
        if (typed.key === 'line') stdout.write('\n')
        onTyped(typed)
      }
    }
  })
  if (stdin.isTTY) stdin.on('end', () => onTyped({ key: 'end' }))
  return {
    print: (text) => void stdout.write(`${visible(text)}\n`),
    restore() {
      if (stdout.isTTY) stdout.write('\x1b[?2004l')
      if (stdin.isTTY) stdin.setRawMode(false)
    },
  }
}

/** Text of others must not drive the terminal. */
function visible(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    // eslint-disable-next-line no-control-regex
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
