import { expect, it } from 'vitest'
import type { Task } from '../../core/task.ts'
import { workshop } from '../../../test/fixtures/workshop.ts'
import { waitFor } from './waiting.ts'

const on = workshop()

async function end(task: Task, state: 'done' | 'failed'): Promise<void> {
  await on.tasks.change(task.id, { type: 'assign', agent: 'p:b' })
  await on.tasks.change(task.id, { type: 'verdict', verdict: { state, what: 'no access', confidence: 'certain', source: 'tool', since: 0, person: false } })
}

it.each([[[]], [['b']], [['p:b']]])('tells of a task that failed while it was waited for, also where its worker has done another one since: %j', async (names) => {
  await on.dispatcher.stop()
  const early = await on.order('p:b', 'clean up')
  await end(early, 'failed')
  on.clock.skip(10)
  const [first, second] = [await on.order('p:b', 'mend it'), await on.order('p:b', 'paint it')]
  const asked = { names, any: false, attention: false, timeoutMs: 60_000, since: on.clock.now() }
  const answer = waitFor({ ...on, team: () => on.team }, asked, new AbortController().signal)
  on.clock.skip(10)
  await end(first, 'failed')
  await end(second, 'done')
  const { done, failed } = await answer
  expect([done, failed].map((rows) => rows.map(({ n }) => n))).toEqual([[second.n], [first.n]])
})
