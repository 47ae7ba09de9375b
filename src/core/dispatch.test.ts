import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dispatch, type Wait } from './dispatch.ts'
import { noWish, turnTask, isAtWork, isOpenTask, type Task, type TaskState } from './task.ts'

function task(n: number, state: TaskState, more: Partial<Task> = {}): Task {
  return {
    ...{ id: `t${n}`, n, key: null, project: 'p', title: 't', text: 't', source: 'cli', by: 'user', origin: null, after: [], wish: noWish, agent: `p:w${n}`, message: null, attempts: 0 },
    ...{ state, result: null, evidence: [], taint: [], createdAt: 0, changedAt: 0, startedAt: null, endedAt: null },
    ...more,
  }
}

const queued: TaskState = { name: 'queued', why: 'its turn', held: false }
const failed: TaskState = { name: 'failed', why: 'x', source: 'process', confidence: 'certain' }
const done: TaskState = { name: 'done', source: 'hook', confidence: 'high' }

function decide(all: Task[], maxWorkers = 6, free: true | Wait = true) {
  const byId = new Map(all.map((each) => [each.id, each]))
  return dispatch({ open: all.filter(isOpenTask), byId, maxWorkers, free: () => free }).map(({ id, turn }) => [id, turn.type === 'assign' ? 'assign' : turn.why])
}

it('agentic-team #26: whoever waits for a person takes a place too, and what is over the limit waits and is not dropped', () => {
  const waiting = task(1, { name: 'waiting', what: 'a permission', person: true })
  expect(decide([waiting, task(2, queued)], 1)).toEqual([['t2', 'a worker to be free (1 of 1 at work)']])
  expect(decide([task(1, queued), task(2, queued), task(3, queued)], 2)).toEqual([['t1', 'assign'], ['t2', 'assign'], ['t3', 'a worker to be free (2 of 2 at work)']])
})

it('lets a task that failed hold those behind it and no neighbour', () => {
  const all = [task(1, failed), task(2, queued, { after: ['t1'] }), task(3, queued), task(4, queued, { after: ['t2'] }), task(5, done), task(6, queued, { after: ['t5'] })]
  expect(decide(all)).toEqual([['t2', 'held: #1 failed'], ['t3', 'assign'], ['t4', '#2'], ['t6', 'assign']])
  const later = all.map((each) => (each.id === 't2' ? { ...each, state: { name: 'queued', why: 'held: #1 failed', held: true } as const } : each))
  expect(decide(later)).toContainEqual(['t4', 'held: #2 is held'])
  expect(decide([task(2, queued, { after: ['gone'] })])).toEqual([['t2', 'held: what it comes after is not there any more']])
})

it('gives one worker one thing at a time', () => {
  const more = { agent: 'p:dev', wish: { ...noWish, agent: 'p:dev' } }
  expect(decide([task(1, { name: 'working' }, more), task(2, queued, more)])).toEqual([['t2', 'p:dev to be done with what it has']])
  expect(decide([task(1, queued, more), task(2, queued, more)])).toEqual([['t1', 'assign'], ['t2', 'p:dev to be done with what it has']])
  expect(decide([task(1, queued, more)], 6, { why: 'its run to end', held: false })).toEqual([['t1', 'its run to end']])
})

it('never has more at work than allowed, and brings all to an end whatever comes after what', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { maxLength: 15 }), fc.integer(), (max, graph, seed) => {
    let all = graph.map((after, i) => task(i, queued, { after: after.filter((each) => each < i).map((each) => `t${each}`) }))
    for (let round = 0; all.some(isOpenTask); round += 1) {
      expect(round).toBeLessThan(100)
      for (const { id, turn } of dispatch({ open: all.filter(isOpenTask), byId: new Map(all.map((each) => [each.id, each])), maxWorkers: max, free: () => true })) {
        all = all.map((each) => (each.id === id ? turnTask(each, turn, round)! : each))
      }
      expect(all.filter(isAtWork).length).toBeLessThanOrEqual(max)
      const atWork = all.filter(isAtWork)
      const next = atWork[Math.abs(seed + round) % Math.max(1, atWork.length)]
      all = all.map((each) => (each.id === next?.id ? { ...each, state: done } : each))
    }
  }))
})
