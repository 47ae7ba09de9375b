import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { TroupeError } from '../core/error.ts'
import { createOutput, type OutputOptions } from './output.ts'

function sink(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 80, write: (text: string) => written.push(text), text: () => written.join('') }
}

function made(options: Partial<Pick<OutputOptions, 'env' | 'json' | 'quiet' | 'color'>> = {}, isTTY = false) {
  const stdout = sink(isTTY)
  const stderr = sink(isTTY)
  return { stdout, stderr, out: createOutput({ env: {}, json: false, quiet: false, color: true, stdout, stderr, ...options }) }
}

test('data goes to stdout and words to stderr', () => {
  const { out, stdout, stderr } = made()
  out.line('data')
  out.say('words')
  expect([stdout.text(), stderr.text()]).toEqual(['data\n', 'words\n'])
})

test('quiet silences words, not warnings and errors', () => {
  const { out, stderr } = made({ quiet: true })
  out.say('words')
  out.warn('careful')
  out.error(new TroupeError('failed', 'it broke', { hint: 'again' }))
  expect(stderr.text()).toBe('warning: careful\nerror: it broke\nTry: again\n')
})

test('with --json an error is one JSON value with all four fields', () => {
  const { out, stderr } = made({ json: true })
  out.error(new TroupeError('unknown', 'no such agent', { facts: { name: 'dve' } }))
  expect(JSON.parse(stderr.text())).toEqual({ error: { code: 'unknown', message: 'no such agent', hint: null, facts: { name: 'dve' } } })
})

test('an error cannot smuggle escape sequences', () => {
  const { out, stderr } = made({}, true)
  out.error(new TroupeError('failed', 'bad \u001b]0;title\u0007 name'))
  expect(stderr.text()).toContain('bad \\u{1b}]0;title\\u{7} name')
})

test.each([
  ['a terminal', {}, true, true],
  ['a pipe', {}, false, false],
  ['NO_COLOR', { env: { NO_COLOR: '1' } }, true, false],
  ['an empty NO_COLOR', { env: { NO_COLOR: '' } }, true, true],
  ['TERM=dumb', { env: { TERM: 'dumb' } }, true, false],
  ['--no-color', { color: false }, true, false],
])('colours: %s', (_, options, isTTY, coloured) => {
  const { out, stderr } = made(options, isTTY)
  out.warn('careful')
  expect(out.color.isColorSupported).toBe(coloured)
  expect(stderr.text() !== 'warning: careful\n').toBe(coloured)
})

test('what has no end in sight waits for its reader, and for no longer than the signal', async () => {
  const full = new EventEmitter()
  const stop = new AbortController()
  const stdout = Object.assign(full, { write: () => false })
  const out = createOutput({ env: {}, json: false, quiet: false, color: true, stdout, stderr: sink(false) })
  const flowed = vi.fn<() => void>()
  const first = out.flow('a page', stop.signal).then(flowed)
  await Promise.resolve()
  expect(flowed).not.toHaveBeenCalled()
  full.emit('drain')
  await first
  const second = out.flow('another', stop.signal).then(flowed)
  stop.abort()
  await second
  expect(flowed).toHaveBeenCalledTimes(2)
  await made().out.flow('taken at once', stop.signal)
})

test('tables are whole in a pipe and fit on a terminal', () => {
  const long = 'x'.repeat(200)
  const piped = made()
  piped.out.table([{ head: 'A', least: 4 }], [[long]])
  expect(piped.stdout.text()).toBe(`A\n${long}\n`)
  const shown = made({ color: false }, true)
  shown.out.table([{ head: 'A', least: 4 }], [[long]])
  expect(shown.stdout.text()).toBe(`A\n${'x'.repeat(79)}…\n`)
})

test('a line that counts seconds makes way for what is printed, and goes away', () => {
  vi.useFakeTimers()
  try {
    const { out, stderr } = made({}, true)
    const done = out.progress('bringing up')
    vi.advanceTimersByTime(2000)
    out.told('dev is ready')
    done()
    expect(stderr.text()).toBe('\r\u001b[2Kbringing up 1s\r\u001b[2Kbringing up 2s\r\u001b[2Kdev is ready\n')
  } finally {
    vi.useRealTimers()
  }
})
