import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { createEventLines, eventOf, isProgress, type EventRow } from './event-line.ts'

const at = new Date(2026, 4, 6, 7, 8, 9).getTime()
const id = '019a0000-0000-7000-8000-00000000abcd'

function event(type: string, agent: string | null, data: Record<string, unknown>, subject = agent ?? id): EventRow {
  return { at, type, subject, agent, data }
}

test('events read as sentences, messages by their number', () => {
  const line = createEventLines(picocolors.createColors(false))
  const events = [
    event('agent.phase', 'hello:dev', { from: 'starting', to: 'idle', detail: '', why: 'prompt on the screen', source: 'screen' }),
    event('message.sent', null, { n: 12, from: 'user', to: 'hello:dev', priority: 'urgent' }, id),
    event('delivery.delivered', 'hello:dev', { n: 12, proof: 'hook' }, id),
    event('agent.phase', 'hello:dev', { from: 'busy', to: 'idle', detail: '', why: 'idle', source: 'hook' }),
    event('agent.phase', 'hello:dev', { from: 'starting', to: 'blocked', detail: 'no such program', why: 'no such program', source: 'health' }),
    event('agent.phase', 'hello:dev', { from: 'blocked', to: 'stopped', detail: 'asked', why: 'up asked for', source: 'operator' }),
    event('agent.launched', 'hello:dev', { pid: 7, notices: ['no model'] }),
    event('agent.ended', 'hello:dev', { code: null, signal: 'SIGKILL' }),
    event('something.new', 'hello:dev', { fact: 'a b', none: null }),
    event('delivery.acked', 'hello:dev', {}, 'an-unseen-id'),
  ]
  expect(events.map((each) => line(each, at))).toEqual([
    '07:08:09  hello:dev         ready — prompt on the screen [screen]',
    '07:08:09  user              sent #12 to hello:dev (urgent)',
    '07:08:09  hello:dev         #12 delivered (hook)',
    '07:08:09  hello:dev         idle',
    '07:08:09  hello:dev         blocked (no such program)',
    '07:08:09  hello:dev         stopped — up asked for [operator]',
    '07:08:09  hello:dev         launched, process 7; no model',
    '07:08:09  hello:dev         process ended: killed by SIGKILL',
    '07:08:09  hello:dev         something.new fact=a b',
    '07:08:09  hello:dev         message …een-id acked',
  ])
})

test('what is no event is left out', () => {
  expect(eventOf(null)).toBeNull()
  expect(eventOf({ type: 'x' })).toBeNull()
  expect(eventOf({ at, type: 'x', subject: 's', agent: 3, data: null })).toEqual({ at, type: 'x', subject: 's', agent: null, data: {} })
})

test('a team that comes up tells who is ready, who fell over and what to read, and no more', () => {
  const events = [
    event('agent.wanted', 'hello:dev', { wanted: 'running' }),
    event('agent.phase', 'hello:dev', { from: 'stopped', to: 'starting' }),
    event('agent.launched', 'hello:dev', { pid: 7, notices: [] }),
    event('agent.launched', 'hello:dev', { pid: 7, notices: ['no model'] }),
    event('agent.phase', 'hello:dev', { from: 'starting', to: 'idle' }),
    event('agent.phase', 'hello:dev', { from: 'idle', to: 'busy' }),
    event('agent.phase', 'hello:dev', { from: 'starting', to: 'backoff' }),
    event('agent.phase', 'hello:dev', { from: 'stopped', to: 'blocked' }),
  ]
  expect(events.filter(isProgress)).toEqual([events[3], events[4], events[6]])
})
