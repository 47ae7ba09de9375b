import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { createEventLines, eventOf, type EventRow } from './event-line.ts'

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
    event('delivery.delivered', 'hello:dev', { proof: 'hook' }, id),
    event('agent.ended', 'hello:dev', { code: null, signal: 'SIGKILL' }),
    event('something.new', 'hello:dev', { fact: 'a b', none: null }),
    event('delivery.acked', 'hello:dev', {}, 'an-unseen-id'),
  ]
  expect(events.map((each) => line(each, at))).toEqual([
    '07:08:09  hello:dev         idle — prompt on the screen [screen]',
    '07:08:09  user              sent #12 to hello:dev (urgent)',
    '07:08:09  hello:dev         #12 delivered (hook)',
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
