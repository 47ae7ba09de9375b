import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { TroupeError } from '../core/error.ts'
import { loadScenario, parseScenario, scenarioNames } from './load.ts'

function refusal(text: string): string {
  try {
    parseScenario(text, 'a.yaml')
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'config') return error.message
    throw error
  }
  return 'accepted'
}

describe('scenarios that ship', () => {
  it('are all sound', () => {
    expect(scenarioNames()).toContain('hello')
    for (const name of scenarioNames()) expect(loadScenario(name).about).not.toBe('')
  })

  it('include the one in the documentation', () => {
    const page = readFileSync(new URL('../../docs/scenarios.md', import.meta.url), 'utf8')
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
    const { scripts } = parseScenario(yaml, 'docs/scenarios.md')
    const steps = Object.values(scripts).flatMap(({ rules }) => rules.flatMap((rule) => rule.steps))
    const failures = steps.flatMap((step) => (step.do === 'fail' ? [step.how.kind] : []))
    expect(new Set(failures)).toEqual(new Set(['status', 'limit', 'error', 'drop', 'never']))
  })

  it('are named when another is asked for', () => {
    expect(() => loadScenario('helo')).toThrow(expect.objectContaining({ code: 'unknown', hint: expect.stringContaining('hello') }))
  })

  it('are files: a folder is none, and a pipe would be waited for', () => {
    expect(() => loadScenario(fileURLToPath(new URL('.', import.meta.url)))).toThrow(expect.objectContaining({ code: 'config', message: expect.stringContaining('is not a file') }))
  })
})

describe('a scenario that is wrong is refused with its place', () => {
  it.each([
    ['an unknown key', 'about: x\nagents:\n  "*":\n    - when: a\n      doo: []', 'a.yaml:5:7: Unrecognized key: "doo"'],
    ['no such step', 'about: x\nagents:\n  "*":\n    - when: a\n      do:\n        - delay: 3', 'a.yaml:6:11: a step needs one of tool'],
    ['two things in one step', 'about: x\nagents:\n  "*":\n    - when: a\n      do:\n        - { tool: dm, status: 429 }', 'a.yaml:6:11: a step does one thing'],
    ['a broken expression', 'about: x\nagents:\n  "*":\n    - when: /(/\n      do: [{ text: a }]', 'a.yaml:4:13: /(/ is not a regular expression'],
    ['a rule without a condition', 'about: x\nagents:\n  "*":\n    - do: [{ text: a }]', 'a.yaml:4:7: a rule needs when or from'],
    ['an address that is none', 'about: x\nagents:\n  "d e v":\n    - otherwise: [{ text: a }]', 'name agents as project:agent'],
    ['broken YAML', 'about: "x\nagents: {', 'a.yaml:'],
    ['an empty file', '', 'a.yaml:1:1: '],
  ])('%s', (_, text, expected) => {
    expect(refusal(text)).toContain(expected)
  })
})
