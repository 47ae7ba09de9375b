import { expect, test } from 'vitest'
import { withPrompt } from './bare-prompt.ts'

/** What the words become; null: they stay as they are. */
function read(...argv: string[]): string[] | null {
  const found = withPrompt(argv)
  return found.length === argv.length ? null : found
}

test('words that begin with no command go to the lead', () => {
  expect(read('write the tests')).toEqual(['prompt', 'write the tests'])
  expect(read('refactor', 'the', 'parser')).toEqual(['prompt', 'refactor', 'the', 'parser'])
  expect(read('hello')).toEqual(['prompt', 'hello'])
  expect(read('-')).toEqual(['prompt', '-'])
  expect(read('ps is broken, mend it')).toEqual(['prompt', 'ps is broken, mend it'])
  expect(read('--', '-starts with a dash')).toEqual(['prompt', '--', '-starts with a dash'])
})

test('flags may stand before them', () => {
  expect(read('-T', 'x', '--json', 'do the thing')).toEqual(['-T', 'x', '--json', 'prompt', 'do the thing'])
  expect(read('--team=x', 'do the thing')).toEqual(['--team=x', 'prompt', 'do the thing'])
  expect(read('-T', 'x', 'ps')).toBeNull()
})

test('commands, and what nearly is one, are left alone', () => {
  for (const line of ['ps', 'status', 'help', '--help', '--version', 'send dev hello', '-C /x ps', '-q', '']) expect(read(...line.split(' ')), line).toBeNull()
  for (const typo of ['stauts', 'statsu', 'stats', 'lsit', 'pss', 'lgos', 'Status', 'deleet', 'dcotor']) expect(read(typo), typo).toBeNull()
  for (const typo of ['stauts', 'lgos']) expect(read(typo, 'dev'), typo).toBeNull()
})

test('the words of a person are seldom taken for a slip', () => {
  for (const wish of ['fix', 'go', 'review', 'continue', 'tests', 'build', 'commit', 'write', 'why', 'refactor', 'deploy']) expect(read(wish), wish).not.toBeNull()
})

test('a command of teamctl’s is said to nobody; a wish that begins like one is', () => {
  for (const line of ['update', 'update --check', 'sessions', 'sessions --json', 'sessions kill shop', 'adjust', 'whatsnew v0.9', 'caffeinate', 'rl-watch p:a -- claude', 'rl-hit p:a', 'budget-record p:a']) {
    expect(read(...line.split(' ')), line).toBeNull()
    expect(read('-C', '/x', ...line.split(' ')), line).toBeNull()
  }
  for (const wish of ['update the docs', 'adjust the margins', 'sessions must not leak', 'whatsnew page is missing']) expect(read(...wish.split(' ')), wish).toEqual(['prompt', ...wish.split(' ')])
})

test('an unknown option is for the parser to refuse', () => {
  expect(read('--frobnicate', 'do the thing')).toBeNull()
})
