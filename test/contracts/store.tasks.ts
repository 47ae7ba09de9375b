import { expect, it } from 'vitest'
import { noWish, type Task } from '../../src/core/task.ts'
import type { Bench } from './store.ts'

const task: Omit<Task, 'n'> = {
  id: 't1',
  key: 'TODO.md:3f',
  project: 'p',
  title: 'mend it',
  text: '-mend it\n\n\ttruly \u{1f600} é `$(x)`\r\n',
  source: 'file',
  by: 'user',
  origin: 'TODO.md:12',
  after: ['t0', 't00'],
  wish: { ...noWish, name: 'mend', cwd: '/w' },
  agent: null,
  message: null,
  attempts: 0,
  state: { name: 'queued', why: 'a worker to be free', held: false },
  result: null,
  evidence: [],
  taint: ['bridge:3', 'web'],
  createdAt: 1_760_000_000_000,
  changedAt: 1_760_000_000_000,
  startedAt: null,
  endedAt: null,
}

/** Tasks: one of a key, numbered, and changed by whoever saw them last. */
export function tasksContract(bench: Bench): void {
  const insert = (draft: Omit<Task, 'n'>): Promise<Task> => bench.store.write((tx) => tx.tasks.insert(draft))

  it('keeps tasks as they are, and numbers them', async () => {
    const first = await insert(task)
    const second = await insert({ ...task, id: 't2', key: null, after: [], taint: [] })
    expect(second.n).toBeGreaterThan(first.n)
    expect(await bench.store.read((db) => db.tasks.get('t1'))).toEqual({ ...task, n: first.n })
    expect(await bench.store.read((db) => db.tasks.byN(second.n))).toEqual(second)
    expect(await bench.store.read((db) => db.tasks.byKey('TODO.md:3f'))).toEqual(first)
    expect(await bench.store.read((db) => db.tasks.byKey('other'))).toBeUndefined()
    await expect(insert({ ...task, id: 't3' })).rejects.toThrow()
    expect((await bench.store.read((db) => db.tasks.list({ limit: 9 }))).map(({ id }) => id)).toEqual(['t2', 't1'])
    expect(await bench.store.read((db) => db.tasks.madeBy('user'))).toBe(2)
    expect(await bench.store.read((db) => db.tasks.madeBy('p:lead'))).toBe(0)
  })

  it('changes a task only as it was seen', async () => {
    const first = await insert(task)
    const assigned: Task = { ...first, state: { name: 'assigned' }, agent: 'p:mend', attempts: 1, changedAt: first.changedAt + 1 }
    expect(await bench.store.write((tx) => tx.tasks.update(first, assigned))).toBe(true)
    expect(await bench.store.write((tx) => tx.tasks.update(first, { ...first, state: { name: 'cancelled', why: 'late' } }))).toBe(false)
    const done: Task = { ...assigned, state: { name: 'done', source: 'hook', confidence: 'high' }, result: 'it works', evidence: [{ at: 5, what: 'over', source: 'hook' }], startedAt: 3, endedAt: 5, message: 'm1', changedAt: 5 }
    expect(await bench.store.write((tx) => tx.tasks.update(assigned, done))).toBe(true)
    expect(await bench.store.read((db) => db.tasks.get('t1'))).toEqual(done)
  })

  it('finds what is open, and what each worker has in hand', async () => {
    const state = { name: 'done', source: 'process', confidence: 'certain' } as const
    await insert({ ...task, id: 'a1', key: null, agent: 'p:a', attempts: 1, state })
    await insert({ ...task, id: 'a2', key: null, agent: 'p:a', attempts: 1, state: { name: 'working' } })
    await insert({ ...task, id: 'b1', key: null, agent: 'p:b', attempts: 1, state })
    await insert({ ...task, id: 'q', key: null })
    expect((await bench.store.read((db) => db.tasks.open())).map(({ id }) => id)).toEqual(['a2', 'q'])
    expect((await bench.store.read((db) => db.tasks.inHand(['p:a', 'p:b', 'p:c']))).map(({ id }) => id)).toEqual(['a2', 'b1'])
    expect(await bench.store.read((db) => db.tasks.inHand([]))).toEqual([])
    expect((await bench.store.read((db) => db.tasks.list({ agent: 'p:a', limit: 1 }))).map(({ id }) => id)).toEqual(['a2'])
    await insert({ ...task, id: 'old', key: null, agent: 'p:a', state, endedAt: 10 })
    await insert({ ...task, id: 'new', key: null, agent: 'p:d', state, endedAt: 20 })
    expect((await bench.store.read((db) => db.tasks.ended(20))).map(({ id }) => id)).toEqual(['new'])
    // Behind what they have, and taken back before it was begun.
    await insert({ ...task, id: 'a3', key: null, agent: 'p:a' })
    await insert({ ...task, id: 'b2', key: null, agent: 'p:b', state: { name: 'cancelled', why: 'taken back' } })
    await insert({ ...task, id: 'b3', key: null, agent: 'p:b' })
    await insert({ ...task, id: 'c1', key: null, agent: 'p:c' })
    expect((await bench.store.read((db) => db.tasks.inHand(['p:a', 'p:b', 'p:c']))).map(({ id }) => id)).toEqual(['a2', 'b1'])
  })
}
