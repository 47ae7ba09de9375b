import { expect, test } from 'vitest'
import { newState } from '../../core/plan.ts'
import type { AgentState, Phase } from '../../core/phase.ts'
import type { Agent } from '../../core/team.ts'
import { hold, type HoldingParts } from './holding.ts'

const budget = { by: 'budget', rule: 'budget.daily_usd_limit', run: null } as const
const phases: Record<string, Phase> = {
  busy: { name: 'busy' },
  restarting: { name: 'backoff', until: 5 },
  'not launched yet': { name: 'stopped', why: 'never', code: null },
  'out of quota until three': { name: 'parked', until: 5, why: 'the limit is used up', cut: true, limit: true },
  'at its ceiling until midnight': { name: 'parked', until: 5, why: 'spent', hold: budget },
  done: { name: 'stopped', why: 'done', code: 0 },
  'not logged in': { name: 'blocked', why: 'not logged in' },
  'run away': { name: 'parked', until: null, why: 'no progress', hold: { by: 'breaker', rule: 'breakers.turns', run: null } },
  'held already': { name: 'parked', until: null, why: 'held by Ann', hold: { by: 'person', rule: 'Ann', run: null } },
}

async function heldOf(states: AgentState[], holding: HoldingParts['holding']['hold']): Promise<string[]> {
  const agents = { get: (address: string) => states.find((state) => state.address === address) }
  return await hold({ agents, holding: { hold: holding } } as unknown as HoldingParts, states.map(({ address }) => ({ address }) as Agent), 'Ann')
}

test('a person holds whoever would work by itself, now or at its time, and nobody else', async () => {
  const states = Object.entries(phases).map(([address, phase]): AgentState => ({ ...newState(address, 0), wanted: 'running', phase }))
  const held = await heldOf([...states, { ...newState('stopped', 0), phase: { name: 'stopped', why: 'asked', code: 0 } }], async () => undefined)
  expect(held).toEqual(['busy', 'restarting', 'not launched yet', 'out of quota until three', 'at its ceiling until midnight'])
})

test('nobody works on while the turn of another is interrupted', async () => {
  const both = Promise.withResolvers<void>()
  let begun = 0
  const states = ['a', 'b'].map((address): AgentState => ({ ...newState(address, 0), wanted: 'running', phase: { name: 'busy' } }))
  const interrupt = async (): Promise<void> => {
    begun += 1
    if (begun === 2) both.resolve()
    await both.promise
  }
  expect(await heldOf(states, interrupt)).toEqual(['a', 'b'])
})
