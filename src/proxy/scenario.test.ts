import { expect, test } from 'vitest'
import { parseScenario } from './load.ts'
import { scriptFor } from './scenario.ts'

test('the closer name comes first: the address, the short name of every project, then all', () => {
  const scenario = parseScenario('about: x\nagents:\n  "*": [{ when: c, do: [{ text: c }] }, { otherwise: [{ text: all }] }]\n  dev: [{ when: b, do: [{ text: b }] }, { otherwise: [{ text: short }] }]\n  p:dev: [{ when: a, do: [{ text: a }] }]', 'x.yaml')
  const said = (agent: string): unknown[] => {
    const { rules, otherwise } = scriptFor(scenario, agent)
    return [...rules.flatMap((rule) => rule.steps), ...otherwise].map((step) => (step.do === 'text' ? step.text : step))
  }
  expect(said('p:dev')).toEqual(['a', 'b', 'c', 'short'])
  expect(said('q:dev')).toEqual(['b', 'c', 'short'])
  expect(said('q:qa')).toEqual(['c', 'all'])
})
