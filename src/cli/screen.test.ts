import { expect, test } from 'vitest'
import { createOutput } from './output.ts'

/** A terminal of this size, and what was written to it. */
function terminal(columns: number, rows: number) {
  let written = ''
  const stdout = { isTTY: true, columns, rows, write: (text: string) => (written += text) }
  const out = createOutput({ env: {}, json: false, quiet: false, color: false, stdout, stderr: stdout })
  const take = () => {
    const text = written
    written = ''
    return text
  }
  return { out, stdout, take }
}

/** The lines of one frame. */
const frame = (text: string) => text.replace('\u001b[H', '').replace('\u001b[J', '').split('\r\n')

test('a view is drawn in its place, and what stood on the terminal comes back at the end with the last view below it', () => {
  const { out, take } = terminal(20, 5)
  const screen = out.screen()
  expect(take()).toBe('\u001b[?1049h\u001b[?25l')
  screen.draw(1, () => out.line('first'))
  screen.draw(2, () => {
    out.line('second')
    out.say('words')
  })
  expect(take()).toBe('\u001b[Hfirst\u001b[K\u001b[J\u001b[Hsecond\u001b[K\r\nwords\u001b[K\u001b[J')
  screen.close()
  expect(take()).toBe('\u001b[?25h\u001b[?1049lsecond\nwords\n')
})

test('a view never scrolls: lines that wrap count as the rows they take, and what is left out is counted', () => {
  const { out, stdout, take } = terminal(10, 4)
  const screen = out.screen()
  take()
  const view = () => ['a', 'b'.repeat(20), 'c', 'd'].forEach((line) => out.line(line))
  screen.draw(1, view)
  expect(frame(take())).toEqual(['a\u001b[K', 'b'.repeat(20), '… 2 more lines: a taller terminal shows them\u001b[K'])
  // The window grew meanwhile.
  stdout.rows = 5
  screen.draw(2, view)
  expect(frame(take())).toEqual(['a\u001b[K', 'b'.repeat(20), 'c\u001b[K', 'd\u001b[K'])
  stdout.rows = 7
  screen.notice('gone')
  expect(frame(take())).toEqual(['a\u001b[K', 'b'.repeat(20), 'c\u001b[K', 'd\u001b[K', '\u001b[K', 'gone\u001b[K'])
})

test('in a pipe a view is printed when it differs, and why nothing comes is said once', () => {
  let [data, words] = ['', '']
  const options = { env: {}, quiet: false, color: false, stdout: { write: (text: string) => (data += text) }, stderr: { write: (text: string) => (words += text) } }
  const plain = createOutput({ ...options, json: false })
  const screen = plain.screen()
  for (const value of [{ n: 1 }, { n: 1 }, { n: 2 }]) screen.draw(value, () => plain.line(`n is ${value.n}`))
  for (const second of [0, 1]) screen.notice(`waiting for ${second}s`)
  expect([data, words]).toEqual(['n is 1\nn is 2\n', 'warning: waiting for 0s\n'])
  data = ''
  const json = createOutput({ ...options, json: true }).screen()
  for (const value of [{ n: 1 }, { n: 1 }, { n: 2 }]) json.draw(value, () => undefined)
  expect(data).toBe('{"n":1}\n{"n":2}\n')
})
