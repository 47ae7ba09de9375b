import { expect, it } from 'vitest'
import { parseTaskFile } from './parse.ts'
import { resolveTaskFile } from './resolve.ts'

const folders: Record<string, string> = { src: '/w/src', './docs': '/w/docs', 'a/b': '/w/a/b', '~/site': '/home/me/site' }
const resolve = (text: string) =>
  resolveTaskFile(parseTaskFile(text), {
    folder: (written) => folders[written] ?? null,
    runtime: (written) => ({ one: 'one', two: 'two', uno: 'one' })[written] ?? null,
    runtimes: ['one', 'two'],
    modes: () => ['terminal'],
    wrongModel: (runtime, model) => (model.startsWith('bad') ? `take good-${runtime}` : null),
  })
const flaws = (text: string): string[] => resolve(text).flaws.map(({ line, column, message }) => `${line}:${column} ${message}`)
const dirs = (text: string): (string | null)[] => resolve(text).tasks.map(({ dir }) => dir)

function waits(text: string): Record<string, string[]> {
  const { tasks } = resolve(text)
  const title = new Map(tasks.map((task) => [task.key, task.title]))
  return Object.fromEntries(tasks.map((task) => [task.title, task.after.map((key) => title.get(key) ?? '?').toSorted()]))
}

it('takes a heading as a folder where there is one or where it is written like one, and as a section otherwise', () => {
  expect(dirs('## src\n- [ ] a\n## Backend tasks\n- [ ] b\n## `./docs`\n- [ ] c\n## ~/site\n- [ ] d\n## a/b\n- [ ] e\n## Read and/or write\n- [ ] f\n')).toEqual(['/w/src', null, '/w/docs', '/home/me/site', '/w/a/b', null])
  expect(flaws('## ./nowhere\n- [ ] a\n- [ ] b\n')).toEqual(['1:4 there is no folder `./nowhere`'])
  expect(flaws('## Backend\n- [ ] a\n')).toEqual([])
})

it('#21: expands ~ in brackets as in headings, and names the place of a folder that is missing', () => {
  expect(dirs('- [ ] a (dir: ~/site)')).toEqual(['/home/me/site'])
  expect(flaws('- [ ] a (dir: ~/other)')).toEqual(['1:10 there is no folder `~/other`'])
})

it('refuses an unknown runtime with those that there are', () => {
  expect(resolve('- [ ] a (provider: three)').flaws).toEqual([{ severity: 'error', line: 1, column: 10, message: 'there is no runtime `three`', hint: 'the runtimes are one, two' }])
  expect(resolve('- [ ] a (provider: uno)').tasks[0]?.runtime).toBe('one')
})

it('refuses a mode and a model that the runtime lacks, with those that it has', () => {
  expect(resolve('- [ ] a (runtime: one, mode: oneshot, model: bad-1)').flaws.map(({ column, message, hint }) => [column, message, hint])).toEqual([
    [24, '`one` has no mode oneshot', 'use terminal'],
    [39, '`bad-1` is no model of `one`', 'take good-one'],
  ])
})

it('hands settings down to the parts of a task, but no model to another runtime', () => {
  const { tasks } = resolve('- [ ] a (runtime: one, model: m, dir: src, worktree: true)\n  - [ ] b\n  - [ ] c (runtime: two)\n  - [ ] d (model: n)')
  expect(tasks.map(({ runtime, model, dir, worktree }) => [runtime, model, dir, worktree])).toEqual([
    ['one', 'm', '/w/src', true],
    ['one', 'm', '/w/src', true],
    ['two', null, '/w/src', true],
    ['one', 'n', '/w/src', true],
  ])
})

it('tells a part what it is a part of', () => {
  expect(resolve('- [ ] Login\n  - [ ] the form\n    with care\n').tasks.map(({ text }) => text)).toEqual(['Login', 'the form\nwith care\n\nThis is a part of: Login'])
})

it('waits for what is named, for the parts, and in the parts for what the whole waits for', () => {
  expect(waits('- [ ] a (name: a)\n- [ ] b (after: a)\n  - [ ] c\n    - [ ] d\n')).toEqual({ a: [], b: ['a', 'c'], c: ['a', 'd'], d: ['a'] })
})

it('finds a task by its number: the one of the list in numbered lists, else its place in the file', () => {
  expect(waits('- [ ] a\n- [ ] b (after: 1)')).toEqual({ a: [], b: ['a'] })
  expect(waits('# A\n1. [ ] a\n2. [ ] b\n# B\n1. [ ] c\n2. [ ] d (after: 1)')).toMatchObject({ d: ['c'] })
  expect(flaws('1. [ ] a\n1. [ ] b\n1. [ ] c (after: 1)')).toEqual(['3:11 this list has 3 tasks with the number 1'])
  expect(flaws('- [ ] a (after: 7)')).toEqual(['1:10 there is no task 7: the file has 1'])
  expect(flaws('1. [ ] a (after: 7)')).toEqual(['1:11 this list has no task 7'])
})

it('refuses unknown names, the same name twice and circles, with their places', () => {
  expect(flaws('- [ ] a (name: build)\n- [ ] b (after: biuld)')).toEqual(['2:10 there is no task named `biuld`'])
  expect(flaws('- [ ] a (name: x)\n- [ ] b (name: x)')).toEqual(['2:10 the name `x` is the one of the task on line 1 too'])
  expect(flaws('- [ ] a (after: 2)\n- [ ] b (after: 1)')).toEqual(['1:10 these tasks wait for each other: "a" (line 1) → "b" (line 2) → "a" (line 1)'])
  expect(flaws('- [ ] a (after: 1)')[0]).toContain('wait for each other')
  expect(flaws('- [ ] a (name: a)\n  - [ ] b (after: a)')[0]).toContain('wait for each other')
})
