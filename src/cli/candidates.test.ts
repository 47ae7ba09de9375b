import { expect, test } from 'vitest'
import { candidates } from './candidates.ts'

test('the first word is a command', () => {
  const { fixed, live } = candidates([''])
  expect(fixed).toEqual(expect.arrayContaining(['up', 'ps', 'status', 'send', 'daemon']))
  expect(fixed).not.toContain('complete')
  expect(live).toBeNull()
})

test('subcommands, flags and words follow their command', () => {
  expect(candidates(['daemon', '']).fixed).toEqual(['status', 'start', 'stop', 'logs'])
  expect(candidates(['completion', '']).fixed).toEqual(['bash', 'zsh', 'fish'])
  expect(candidates(['restart', '--']).fixed).toEqual(['--root', '--json', '--quiet', '--no-color', '--fresh', '--timeout', '--help'])
})

test('names of the team where the command wants them', () => {
  expect(candidates(['send', '']).live).toBe('agents')
  expect(candidates(['send', 'dev', '']).live).toBeNull()
  expect(candidates(['stop', 'dev', '']).live).toBe('agents')
  expect(candidates(['broadcast', '']).live).toBe('channels')
  expect(candidates(['-C', 'somewhere', 'status', '']).live).toBeNull()
  expect(candidates(['-C', 'somewhere', 'inspect', '']).live).toBe('agents')
})

test('nothing is offered as the value of a flag', () => {
  expect(candidates(['logs', '--since', ''])).toEqual({ fixed: [], live: null })
  expect(candidates(['-C', ''])).toEqual({ fixed: [], live: null })
})
