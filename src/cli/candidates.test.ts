import { expect, test } from 'vitest'
import { candidates } from './candidates.ts'
import { language } from './tree/index.ts'

test('the first word is a command', () => {
  const { fixed, live } = candidates([''], language)
  expect(fixed).toEqual(expect.arrayContaining(['up', 'ps', 'status', 'send', 'daemon']))
  expect(fixed).not.toContain('complete')
  expect(live).toBeNull()
})

test('subcommands, flags and words follow their command', () => {
  expect(candidates(['daemon', ''], language).fixed).toEqual(['status', 'start', 'stop', 'restart', 'token', 'logs'])
  expect(candidates(['completion', ''], language).fixed).toEqual(['bash', 'zsh', 'fish'])
  expect(candidates(['restart', '--'], language).fixed).toEqual(['--root', '--team', '--json', '--quiet', '--no-color', '--fresh', '--drain', '--now', '--timeout', '--help'])
})

test('names of the team where the command wants them', () => {
  expect(candidates(['send', ''], language).live).toBe('agents')
  expect(candidates(['send', 'dev', ''], language).live).toBeNull()
  expect(candidates(['stop', 'dev', ''], language).live).toBe('agents')
  expect(candidates(['broadcast', ''], language).live).toBe('channels')
  expect(candidates(['-C', 'somewhere', 'ps', ''], language).live).toBeNull()
  expect(candidates(['status', 'f'], language).live).toBe('agents')
  expect(candidates(['attach', '-w', ''], language)).toEqual({ fixed: [], live: 'agents' })
  expect(candidates(['-C', 'somewhere', 'inspect', ''], language).live).toBe('agents')
})

test('a flag is offered its values where they are few', () => {
  expect(candidates(['doctor', '-p', ''], language).fixed).toEqual(['claude', 'codex', 'gemini', 'opencode'])
  expect(candidates(['spawn', '--mode', 'o'], language).fixed).toContain('oneshot')
  expect(candidates(['init', '--template', ''], language).fixed).toEqual(['solo', 'blank'])
})

test('nothing is offered as the value of any other flag', () => {
  expect(candidates(['logs', '--since', ''], language)).toEqual({ fixed: [], live: null })
  expect(candidates(['-C', ''], language)).toEqual({ fixed: [], live: null })
  expect(candidates(['-T', ''], language)).toEqual({ fixed: [], live: 'teams' })
  expect(candidates(['use', 'sh'], language)).toEqual({ fixed: [], live: 'teams' })
})
