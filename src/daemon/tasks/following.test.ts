import { expect, it, vi } from 'vitest'
import type { Task } from '../../core/task.ts'
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
