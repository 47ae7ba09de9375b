import { expect, it, vi } from 'vitest'
import { noWish, type Task } from '../../core/task.ts'
import { workshop } from '../../../test/fixtures/workshop.ts'

const on = workshop()
const bound = { timeout: 10_000 }

/** One turn of an agent, with the task before it. */
async function turn(address: string, incarnation: string, task: Task, words?: string): Promise<void> {
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  await on.proof(address, incarnation, (await on.task(task)).message ?? '')
  await on.phase(address, 'busy')
  if (words !== undefined) on.following.said(address, words, on.clock.now())
  on.clock.skip(10)
  await on.phase(address, 'idle')
}

it('follows the task that a worker has, not one that waits for its turn or was taken back', async () => {
  const { incarnation } = await on.run('p:b')
  const first = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('assigned'), bound)
  const [second, third] = [await on.order('p:b', 'paint it'), await on.order('p:b', 'sell it')]
  await on.tasks.change(third.id, { type: 'cancel', why: 'taken back' })
  await turn('p:b', incarnation, first, 'mended')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('done'), bound)
  await turn('p:b', incarnation, second, 'painted')
  await vi.waitFor(async () => expect(await on.stateOfTask(second)).toBe('done'), bound)
  await on.tasks.change(first.id, { type: 'again' })
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('assigned'), bound)
  await turn('p:b', incarnation, first, 'mended')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('done'), bound)
  expect([(await on.task(first)).result, (await on.task(second)).result]).toEqual(['mended', 'painted'])
})

it('takes words from before a task was given for nothing that came of it', async () => {
  const { incarnation } = await on.run('p:b')
  on.following.said('p:b', 'I can see the picture of yesterday', on.clock.now())
  on.clock.skip(10)
  const task = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  await on.agents.update('p:b', (state) => ({ ...state, incarnation: null, phase: { name: 'quarantined', why: 'too often' } }))
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('failed'), bound)
  expect([(await on.task(task)).result, incarnation]).toEqual([null, incarnation])
})

it('refuses a key that is used twice in one order, and makes nothing of it', async () => {
  const draft = { id: '1', key: 'k', project: 'p', title: 't', text: 't', source: 'cli', by: 'user', origin: null, after: [], wish: { ...noWish, agent: 'p:b' }, agent: 'p:b', taint: [] } as const
  await expect(on.tasks.add([{ ...draft, after: [], taint: [] }, { ...draft, id: '2', text: 'u', after: [], taint: [] }])).rejects.toMatchObject({ code: 'conflict' })
  const [one, two] = await on.tasks.add([{ ...draft, after: [], taint: [] }, { ...draft, id: '2', after: [], taint: [] }])
  expect([one?.again, two?.again, two?.task.id]).toEqual([false, true, '1'])
})
