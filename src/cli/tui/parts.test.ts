import { expect, test } from 'vitest'
import { Driven } from '../../../test/fixtures/tui.ts'
import { byAgent, partsOf, spentOf } from './parts.ts'

const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }
const usage = (agent: string, usd: string | null, unpriced = 0) => ({ agent, model: 'm', tokens, usd, calls: 2, unpriced })
const day = { scope: 'team' as const, id: 'team', usd: '0.00', limit: null, messages: 0, approvals: 0, agents: 1, state: 'no limit' as const, stopped: 0, over: null, unpriced: 0, rule: null, until: 0, unlimited: 1 }

test('a price that is not known is never shown as nothing', () => {
  expect(byAgent([usage('p:a', '1.20'), usage('p:a', '0.305'), usage('p:b', null, 2), usage('p:c', '0.001'), usage('p:d', '2.00', 1)])).toEqual({ 'p:a': '1.50', 'p:b': '—', 'p:c': '<0.01', 'p:d': '2.00+' })
  expect(spentOf(day)).toBe(null)
  expect(spentOf({ ...day, unpriced: 3 })?.text).toBe('$— today')
  expect(spentOf({ ...day, usd: '1.234', unpriced: 1, limit: '15.00', state: 'ok' })).toEqual({ text: '$1.23+ of $15.00 today', state: 'ok' })
})

test('what was spent stands in the first line and beside the agent', () => {
  const page = new Driven(100, 24).event({ on: 'loaded', usd: { 'p:ada': '1.50' }, spent: { text: '$1.50 of $2.00 today', state: 'warn' } })
  expect(page.lines()[0]).toContain('$1.50 of $2.00 today')
  expect(page.text()).toMatch(/ada .*42s +2 +1\.50/)
})

test('events say what is to be asked for', () => {
  expect(partsOf('message.sent')).toEqual(['mail', 'inbox', 'agents', 'page'])
  expect(partsOf('approval.requested')).toEqual(['approvals', 'page'])
  expect(partsOf('budget.stopped')).toContain('usage')
  expect(partsOf('team.applied')).toContain('channels')
})
