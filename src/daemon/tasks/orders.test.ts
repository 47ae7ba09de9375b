import { expect, it } from 'vitest'
import type { Output } from '../../api/index.ts'
import { liveDaemon } from '../../../test/fixtures/live-daemon.ts'

it('takes a key that stands twice in one order for one task, and what comes after it for that', async () => {
  const live = await liveDaemon()
  try {
    const call = async (name: string, input: object): Promise<unknown> => await live.daemon.call({ kind: 'operator', via: 'socket' }, name, input, new AbortController().signal)
    await call('reload', { agents: [], env: {}, timeoutMs: 1_000 })
    const mend = { task: 'mend it', agent: 'ada', key: 'mend' }
    const { tasks } = (await call('task.add', { tasks: [mend, mend, { task: 'paint it', agent: 'bob', after: ['mend'] }] })) as Output<'task.add'>
    await expect(call('task.add', { tasks: [{ task: 'mend it', agent: 'ada', key: 'own', after: ['own'] }] })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('wait for itself') })
    const spawned = async (task: string): Promise<string | null | undefined> => ((await call('task.add', { tasks: [{ task, name: 'fix' }] })) as Output<'task.add'>).tasks[0]?.agent
    expect(await spawned('mend it')).toBe('p:fix')
    await call('task.cancel', { id: '3' })
    expect(await spawned('paint it')).toBe('p:fix')
    // Not by the other one that is called so by now.
    expect(await call('task.again', { id: '3' })).toMatchObject({ agent: 'p:fix-2', state: 'queued' })
    expect(tasks.map(({ n, again, after }) => [n, again, after])).toEqual([[1, false, []], [1, true, []], [2, false, [1]]])
  } finally {
    await live.close()
  }
})
