import { expect, it } from 'vitest'
import type { TaskStateName } from '../task.ts'
import { parseTaskFile } from './parse.ts'
import { resolveTaskFile, type FileTask } from './resolve.ts'
import { inOrder, markOf, planRun, rowsOf, waitsFor, type Known } from './run.ts'

const none = { rerun: false, retry: false, limit: null }
const tasksOf = (text: string): FileTask[] => resolveTaskFile(parseTaskFile(text), { folder: () => null, runtime: () => null, runtimes: [], modes: () => [], wrongModel: () => null }).tasks
const row = (task: FileTask, state: TaskStateName, own: Partial<Known> = {}): Known => ({ key: `f:${task.key}`, n: task.n, title: task.title, agent: `p:w${task.n}`, state, startedAt: 1000, endedAt: 126_000, ...own })

function plan(text: string, states: Record<string, TaskStateName> = {}, options: Partial<{ rerun: boolean; retry: boolean; limit: number | null }> = {}): string[] {
  const tasks = tasksOf(text)
  const rows = tasks.flatMap((task) => (states[task.title] === undefined ? [] : [row(task, states[task.title]!)]))
  return planRun(tasks, rowsOf(tasks, rows, 'f:'), { ...none, ...options }).map((step) => `${step.task.title} ${step.do === 'skip' ? step.why : step.do}`)
}

it('hands over what is open and unknown, and nothing of it a second time', () => {
  expect(plan('- [ ] a\n- [x] b')).toEqual(['a add', 'b ticked'])
  for (const state of ['queued', 'assigned', 'working', 'waiting'] as const) expect(plan('- [ ] a', { a: state })).toEqual(['a under way'])
  expect(plan('- [ ] a\n- [ ] b\n- [ ] c', { a: 'done', b: 'failed', c: 'cancelled' })).toEqual(['a done', 'b failed', 'c failed'])
})

it('begins again what failed with --retry, and all that has ended with --rerun, but nothing that a person ticked without us', () => {
  const states = { a: 'done', b: 'failed', c: 'working', e: 'failed' } as const
  const text = '- [x] a\n- [ ] b\n- [ ] c\n- [x] d\n- [x] e'
  expect(plan(text, states, { retry: true })).toEqual(['a done', 'b again', 'c under way', 'd ticked', 'e ticked'])
  expect(plan(text, states, { rerun: true })).toEqual(['a again', 'b again', 'c under way', 'd ticked', 'e again'])
})

it('#26: tells which tasks a limit leaves for later, and takes none before what it waits for', () => {
  expect(plan('- [ ] a\n- [ ] b\n- [ ] c', {}, { limit: 2 })).toEqual(['a add', 'b add', 'c limit'])
  expect(plan('- [ ] a (after: 3)\n- [ ] b\n- [ ] c', {}, { limit: 2 })).toEqual(['a add', 'b limit', 'c add'])
  expect(plan('- [ ] a\n  - [ ] b\n  - [ ] c', {}, { limit: 1 })).toEqual(['a limit', 'b add', 'c limit'])
})

it('hands each task over behind those that it waits for, and drops those that a person ticked', () => {
  const tasks = tasksOf('- [ ] a (after: 2, 3)\n- [ ] b\n- [x] c')
  expect(inOrder(tasks).map(({ title }) => title)).toEqual(['b', 'c', 'a'])
  expect(waitsFor(tasks[0]!, planRun(tasks, new Map(), none), 'f:')).toEqual([`f:${tasks[1]?.key}`])
})

it('knows a task by the arrow where its words were changed', () => {
  const [before] = tasksOf('- [ ] a')
  const after = tasksOf('- [ ] a, better ← w1 | running\n- [ ] b')
  expect([...rowsOf(after, [row(before!, 'working')], 'f:').keys()].map(({ title }) => title)).toEqual(['a, better'])
})

it('marks what is done with a tick and its time, which stands still, and opens what runs again', () => {
  const [task] = tasksOf('- [ ] a')
  expect(markOf(row(task!, 'done'), 'f:', false)).toEqual({ key: task?.key, title: 'a', box: 'ticked', arrow: { worker: 'w1', status: 'done', elapsed: '2m 05s' } })
  expect(markOf(row(task!, 'working', { endedAt: null }), 'f:', false)).toMatchObject({ box: null, arrow: { status: 'running', elapsed: null } })
  expect(markOf(row(task!, 'queued', { endedAt: null, startedAt: null }), 'f:', true)).toMatchObject({ box: 'open', arrow: { status: 'queued' } })
  expect(markOf(row(task!, 'queued', { agent: null }), 'f:', false)).toBeNull()
})
