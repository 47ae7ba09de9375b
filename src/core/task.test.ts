import { expect, it } from 'vitest'
import type { Verdict } from './done.ts'
import { isAtWork, isOpenTask, noWish, referredTask, taskInFile, titleOf, turnTask, type Task, type TaskState, type TaskTurn } from './task.ts'

const queued: Task = {
  ...{ id: 't', n: 1, key: null, project: 'p', title: 't', text: 't', source: 'cli', by: 'user', origin: null, after: [], wish: noWish, agent: null, message: null, attempts: 0 },
  ...{ state: { name: 'queued', why: 'its turn', held: false }, result: null, evidence: [], taint: [], createdAt: 0, changedAt: 0, startedAt: null, endedAt: null },
}

function verdict(state: Verdict['state'], more: Partial<Verdict> = {}): TaskTurn {
  return { type: 'verdict', verdict: { state, what: state, confidence: 'high', source: 'hook', since: 5, person: false, ...more } }
}

function after(state: TaskState, ...events: TaskTurn[]): Task | null {
  return events.reduce<Task | null>((task, event, i) => (task === null ? null : turnTask(task, event, 10 + i)), { ...queued, agent: 'p:a', state })
}

it('goes from the queue to its worker, to work, and to its end', () => {
  const assigned = turnTask(queued, { type: 'assign', agent: 'p:a' }, 1)!
  expect(assigned).toMatchObject({ state: { name: 'assigned' }, agent: 'p:a', attempts: 1 })
  const working = turnTask(assigned, verdict('working'), 6)!
  expect(working).toMatchObject({ state: { name: 'working' }, startedAt: 5 })
  const waiting = turnTask(working, verdict('waiting', { what: 'a permission', person: true }), 7)!
  expect(waiting).toMatchObject({ state: { name: 'waiting', what: 'a permission', person: true }, startedAt: 5 })
  const done = turnTask(waiting, verdict('done'), 8)!
  expect(done).toMatchObject({ state: { name: 'done', source: 'hook', confidence: 'high' }, endedAt: 8 })
  expect([isAtWork(assigned), isAtWork(waiting), isAtWork(queued), isAtWork(done)]).toEqual([true, true, false, false])
})

it('is begun by nothing but its assignment, and ended once it is cancelled', () => {
  for (const each of [verdict('working'), verdict('done'), verdict('failed')]) expect(turnTask(queued, each, 1)).toBeNull()
  const cancelled = turnTask(queued, { type: 'cancel', why: 'no' }, 1)!
  expect(isOpenTask(cancelled)).toBe(false)
  for (const each of [verdict('working'), verdict('done'), { type: 'assign', agent: 'p:a' } as const, { type: 'words', text: 'x' } as const]) expect(turnTask(cancelled, each, 2)).toBeNull()
})

it('is open again where its worker goes on, unless the end was certain', () => {
  const done = (confidence: 'certain' | 'high' | 'low'): TaskState => ({ name: 'done', source: 'x', confidence })
  expect(after(done('high'), verdict('working'))).toMatchObject({ state: { name: 'working' }, endedAt: null })
  expect(after(done('certain'), verdict('working'))).toBeNull()
  expect(after(done('certain'), verdict('failed', { confidence: 'certain' }))).toBeNull()
  expect(after(done('high'), verdict('failed', { confidence: 'certain', source: 'tool' }))).toMatchObject({ state: { name: 'failed' } })
  expect(after(done('high'), verdict('failed', { confidence: 'certain', source: 'process' }))).toBeNull()
  expect(after(done('high'), verdict('done', { confidence: 'low' }))).toBeNull()
  expect(after({ name: 'failed', why: 'quarantine', source: 'process', confidence: 'high' }, verdict('working'))).toMatchObject({ state: { name: 'working' } })
})

it('says nothing new where nothing is new', () => {
  expect(after({ name: 'working' }, verdict('working'))).toBeNull()
  expect(after({ name: 'working' }, verdict('unknown'))).toBeNull()
})

it('is begun anew only when asked, with nothing left of the first time', () => {
  expect(after({ name: 'working' }, { type: 'again' })).toBeNull()
  const again = after({ name: 'failed', why: 'x', source: 'process', confidence: 'certain' }, { type: 'again' }, { type: 'assign', agent: 'p:a' })
  expect(again).toMatchObject({ state: { name: 'assigned' }, attempts: 1, result: null, message: null, startedAt: null, endedAt: null })
})

it('has the first words of its text as its title', () => {
  expect(titleOf('\n\n  -mend\tthe \u001b[31mtests\nand more')).toBe('-mend the [31mtests')
  expect([...titleOf('é'.repeat(500))]).toHaveLength(80)
})

it('a text that is long, or looks like a name, stands in the files as the name of its task', () => {
  for (const [text, short] of [['tidy up', true], ['ä'.repeat(2_048), true], ['ä'.repeat(2_049), false], ['troupe:task other', false], ['say troupe:task x', true]] as const) {
    const inFile = taskInFile('id-1', text)
    expect([inFile === text, referredTask(inFile)]).toEqual([short, short ? null : 'id-1'])
  }
})
