import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Output } from '../api/index.ts'
import { liveDaemon } from '../../test/fixtures/live-daemon.ts'

it('applies a team also where nobody can be told of it, and says so', async () => {
  const live = await liveDaemon()
  try {
    writeFileSync(join(live.root, 'state', 'envs'), 'in the way')
    const call = async (name: string, input: object): Promise<unknown> => await live.daemon.call({ kind: 'operator', via: 'socket' }, name, input, new AbortController().signal)
    const { ok, notices } = (await call('reload', { agents: [], env: {}, timeoutMs: 1_000 })) as Output<'reload'>
    expect([ok, notices.join()]).toEqual([true, expect.stringContaining('could not be written')])
    // It is applied: only a team that is up takes tasks in.
    await call('task.add', { tasks: [{ task: 'mend it', agent: 'ada' }] })
    expect(live.log()).toContain('writing what is applied failed')
  } finally {
    await live.close()
  }
})
