import { expect, it } from 'vitest'
import { judgeWork, type WorkFacts } from './done.ts'
import type { Phase } from './phase.ts'
import type { Task } from './task.ts'

interface Scene {
  phase: Phase
  since?: number
  source?: string
  mode?: WorkFacts['mode']
  delivery?: Partial<NonNullable<WorkFacts['delivery']>> | null
  said?: WorkFacts['said']
  wanted?: 'running' | 'stopped'
  startedAt?: number | null
  changedAt?: number
  task?: Partial<Pick<Task, 'state' | 'evidence'>>
  now?: number
}

const delivered = { state: 'delivered', typed: false, deliveredAt: 100, ackedAt: null, reason: null, incarnation: 'run' } as const

function judge({ phase, since = 200, source = 'hook', mode = 'terminal', delivery = {}, said = null, wanted = 'running', startedAt = null, changedAt = 0, task = {}, now = 300 }: Scene) {
  const { state, confidence, source: by, what, person } = judgeWork(
    { startedAt, changedAt, state: { name: 'assigned' }, evidence: [], ...task },
    { mode, said, agent: { phase, since, wanted, incarnation: 'run', evidence: [{ at: since, what: phase.name, source }] }, delivery: delivery === null ? null : { ...delivered, ...delivery } },
    now,
  )
  return { state, confidence, by, what, person }
}

it('takes the worker’s own word before everything else', () => {
  const said = { state: 'failed', text: 'no access', at: 1 } as const
  expect(judge({ phase: { name: 'idle' }, said })).toMatchObject({ state: 'failed', confidence: 'certain', by: 'tool', what: 'no access' })
})

it('counts the end of a turn only after the task was before the worker', () => {
  expect(judge({ phase: { name: 'idle' } })).toMatchObject({ state: 'done', confidence: 'high', by: 'hook' })
  expect(judge({ phase: { name: 'idle' }, since: 50 })).toMatchObject({ state: 'working' })
  expect(judge({ phase: { name: 'idle' }, delivery: { state: 'queued', deliveredAt: null } })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'idle' }, delivery: null })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'busy' }, delivery: { state: 'queued', deliveredAt: null } })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'busy' } })).toMatchObject({ state: 'working' })
})

it('says how little a screen is worth, and takes what was typed for nothing more than that', () => {
  expect(judge({ phase: { name: 'idle' }, source: 'screen' })).toMatchObject({ state: 'done', confidence: 'low', by: 'screen' })
  const typed = { state: 'queued', typed: true, deliveredAt: null } as const
  expect(judge({ phase: { name: 'idle' }, source: 'screen', delivery: typed })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'busy' }, source: 'screen', delivery: typed })).toMatchObject({ state: 'working' })
  expect(judge({ phase: { name: 'idle' }, source: 'screen', delivery: typed, startedAt: 150 })).toMatchObject({ state: 'done', confidence: 'low' })
})

it('does not take the idle of the next run for the end of a turn that was cut off', () => {
  expect(judge({ phase: { name: 'idle' }, delivery: { incarnation: 'earlier' } })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'idle' }, delivery: { incarnation: 'earlier', state: 'acked' } })).toMatchObject({ state: 'unknown' })
  expect(judge({ phase: { name: 'busy' }, delivery: { incarnation: 'earlier' } })).toMatchObject({ state: 'unknown' })
})

it('does not take the end of a wait for the end of a turn: what a limit or a failing model cut off is gone on with', () => {
  for (const source of ['clock', 'budget', 'operator']) expect(judge({ phase: { name: 'idle' }, source })).toMatchObject({ state: 'working', by: source })
})

it('takes a long silence for an end that nobody saw, and says how little that is', () => {
  const idle = { phase: { name: 'idle' }, since: 50 } as const
  expect(judge({ ...idle, now: 15_099 })).toMatchObject({ state: 'working' })
  expect(judge({ ...idle, now: 15_100 })).toMatchObject({ state: 'done', confidence: 'low', by: 'silence' })
})

it('does not take the end of an earlier task for the end of this one', () => {
  const oneshot = { mode: 'oneshot', delivery: null, phase: { name: 'stopped', why: 'done', code: 0 }, since: 50 } as const
  expect(judge({ ...oneshot, changedAt: 60 })).toMatchObject({ state: 'unknown' })
  expect(judge({ ...oneshot, changedAt: 40 })).toMatchObject({ state: 'done' })
})

it('lets nothing that its worker was in before count: it is started for the task', () => {
  const before = { since: 50, changedAt: 60, delivery: null } as const
  for (const phase of [{ name: 'quarantined', why: 'too often' }, { name: 'blocked', why: 'not logged in' }, { name: 'stopped', why: 'asked', code: null }] as const) {
    expect(judge({ ...before, phase, wanted: 'stopped' })).toMatchObject({ state: 'unknown' })
    expect(judge({ ...before, phase, wanted: 'stopped', since: 70 }).state).not.toBe('unknown')
    const heldUp = { state: { name: 'waiting', what: 'wrong files', person: true }, evidence: [{ at: 60, what: 'wrong files', source: 'files' }] } as const
    expect(judge({ ...before, phase, wanted: 'stopped', since: 70, task: { ...heldUp, evidence: [...heldUp.evidence] } })).toMatchObject({ state: 'unknown' })
  }
})

it('knows the end that a daemon missed by the acknowledgement', () => {
  const acked = { phase: { name: 'idle' }, since: 50, delivery: { state: 'acked', ackedAt: 200 } } as const
  expect(judge({ ...acked, now: 15_200 })).toMatchObject({ state: 'done', by: 'tool' })
  // It is in the middle of a turn that was not heard of yet.
  expect(judge({ ...acked, now: 15_199 })).toMatchObject({ state: 'working' })
})

it('takes the exit code of a one-shot process, and of nothing else, for its end', () => {
  const oneshot = { mode: 'oneshot', delivery: null } as const
  expect(judge({ ...oneshot, phase: { name: 'busy' } })).toMatchObject({ state: 'working' })
  expect(judge({ ...oneshot, phase: { name: 'idle' } })).toMatchObject({ state: 'working' })
  expect(judge({ ...oneshot, phase: { name: 'stopped', why: 'done', code: 0 } })).toMatchObject({ state: 'done', confidence: 'certain', by: 'process' })
  expect(judge({ ...oneshot, phase: { name: 'stopped', why: 'failed', code: 3 } })).toMatchObject({ state: 'failed', what: 'its process ended with exit 3' })
  expect(judge({ phase: { name: 'stopped', why: 'done', code: 0 } })).toMatchObject({ state: 'failed' })
})

it('tells a worker that waits for a person from one that goes on by itself, and a stopped one from a done one', () => {
  expect(judge({ phase: { name: 'waiting', what: 'a permission' } })).toMatchObject({ state: 'waiting', person: true })
  expect(judge({ phase: { name: 'blocked', why: 'not logged in' } })).toMatchObject({ state: 'waiting', person: true, what: 'not logged in' })
  expect(judge({ phase: { name: 'parked', until: 9, why: 'a limit' } })).toMatchObject({ state: 'waiting', person: false })
  expect(judge({ phase: { name: 'parked', until: null, why: 'a limit' } })).toMatchObject({ state: 'waiting', person: true })
  expect(judge({ phase: { name: 'backoff', until: 9 } })).toMatchObject({ state: 'waiting', person: false })
  expect(judge({ phase: { name: 'quarantined', why: 'too often' } })).toMatchObject({ state: 'failed', confidence: 'high' })
  expect(judge({ phase: { name: 'stopped', why: 'asked', code: null }, wanted: 'stopped' })).toMatchObject({ state: 'waiting', person: true })
  expect(judge({ phase: { name: 'stopped', why: 'asked', code: null } })).toMatchObject({ state: 'unknown' })
})

it('fails what never reached its worker', () => {
  expect(judge({ phase: { name: 'idle' }, delivery: { state: 'dead', reason: 'expired' } })).toMatchObject({ state: 'failed', by: 'delivery' })
})

it('does not take the end of a turn that a person cut short for the end of the task', () => {
  const task = { state: { name: 'waiting', what: 'its turn was interrupted', person: true }, evidence: [{ at: 200, what: '', source: 'interrupt' }] } as const
  const cut = (phase: Phase, since: number) => judge({ phase, since, startedAt: 150, task: { ...task, evidence: [...task.evidence] } }).state
  expect([cut({ name: 'idle' }, 210), cut({ name: 'busy' }, 160), cut({ name: 'waiting', what: 'a permission' }, 160)]).toEqual(['unknown', 'unknown', 'unknown'])
  expect([cut({ name: 'busy' }, 220), cut({ name: 'quarantined', why: 'too often' }, 220)]).toEqual(['working', 'failed'])
})
