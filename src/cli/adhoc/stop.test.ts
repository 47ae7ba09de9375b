import { expect, test } from 'vitest'
import { meant } from './stop.ts'

const agents = ['web:lead', 'web:fix-auth', 'web:api']
const teams = ['web', 'web2', 'api']

test('a whole name goes before the beginning of one, whatever it names', () => {
  expect(meant('web', agents, teams)).toBe('team')
  expect(meant('lead', agents, teams)).toBe('agent')
  expect(meant('web:lead', agents, teams)).toBe('agent')
  expect(meant('fix', agents, teams)).toBe('agent')
  expect(meant('WEB2', agents, teams)).toBe('team')
  expect(meant('we', agents, teams)).toBe('team')
})

test('what is both is neither', () => {
  expect(meant('api', agents, teams)).toEqual(['the agent web:api', 'the team api'])
  expect(meant('a', agents, teams)).toEqual(['the agent web:api', 'the team api'])
})

test('what is nothing is an agent that nobody knows', () => {
  expect(meant('nobody', agents, teams)).toBe('agent')
})
