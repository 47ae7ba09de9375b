import { expect, test } from 'vitest'
import type { AgentRow } from '../../api/team.ts'
import { clock, rowsOf } from './status.ts'

const now = 1_000_000
const lead: AgentRow = { agent: 'web:lead', project: 'web', role: 'manager', runtime: 'scripted', phase: 'idle', detail: '', since: now - 5_000, incarnation: 'i', restarts: 0, inbox: 0 }
const task = { n: 1, title: 'mend it', state: 'working', detail: '', source: 'lead', startedAt: now - 90_000, endedAt: null }
const worker = (id: string, more: Partial<AgentRow> = {}): AgentRow => ({ ...lead, agent: `web:${id}`, role: 'worker', ...more })

test('the time of a task stands still once it has ended (agentic-team #22)', () => {
  const [running, done] = rowsOf([worker('a', { task }), worker('b', { task: { ...task, state: 'done', endedAt: now - 60_000 } })], now)
  expect([running?.elapsedMs, done?.elapsedMs]).toEqual([90_000, 30_000])
  expect(rowsOf([worker('b', { task: { ...task, state: 'done', endedAt: now - 60_000 } })], now + 1_000_000)[0]?.elapsedMs).toBe(30_000)
})

test('a task that was not begun has taken no time, and one that failed says why', () => {
  const [queued, failed] = rowsOf([worker('a', { task: { ...task, state: 'queued', startedAt: null } }), worker('b', { task: { ...task, state: 'failed', detail: 'no such file' } })], now)
  expect(queued).toMatchObject({ status: 'queued', elapsedMs: null, error: null })
  expect(failed).toMatchObject({ status: 'failed', error: 'no such file' })
  expect(rowsOf([worker('a', { task: { ...task, state: 'waiting', detail: 'its turn was interrupted' } })], now)[0]).toMatchObject({ status: 'waiting', error: 'its turn was interrupted' })
})

test('a lead that is gone is not called active (agentic-team #36)', () => {
  expect(rowsOf([{ ...lead, phase: 'stopped', detail: 'failed 1', incarnation: null }], now)[0]).toMatchObject({ name: 'lead', status: 'stopped', error: 'stopped: failed 1' })
})

test('a name is short while it is the only one', () => {
  expect(rowsOf([lead, { ...lead, agent: 'ops:lead' }, worker('dev')], now).map(({ name }) => name)).toEqual(['web:lead', 'ops:lead', 'dev'])
})

test('times are told as minutes and seconds', () => {
  expect([0, 7_900, 750_000, 11_100_000].map(clock)).toEqual(['0m 00s', '0m 07s', '12m 30s', '3h 05m 00s'])
})
