import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Output } from '../api/index.ts'
import type { Change } from '../core/change.ts'
import type { AgentState } from '../core/phase.ts'
import { newState, onEnded, onSignal } from '../core/plan.ts'
import { liveDaemon } from '../../test/fixtures/live-daemon.ts'
import { changedState } from './changing.ts'

const evidence = { at: 1, what: 'reload: cwd', source: 'operator' }
const agent = (more: Partial<AgentState>): AgentState => ({ ...newState('p:a', 0), session: 'old', incarnation: 'i', ...more })
const change = (action: Change['action']): Change => ({ agent: 'p:a', action, keys: [], notes: [], widened: [], conversation: 'fresh' })

it('an agent on its way out begins anew at its next start, where its settings ask for that', () => {
  const after = changedState(agent({ wanted: 'stopped', phase: { name: 'stopping', during: 'busy' } }), change('apply'), evidence, 'reload', null)
  expect(after).toMatchObject({ wanted: 'stopped', session: null, phase: { name: 'stopping', during: 'busy', fresh: true } })
  // What it still says is no reason to go on with that.
  expect(onSignal(after, { type: 'session', id: 'old', evidence }).session).toBeNull()
})

it('one that was told to stop after a reload had looked at it stays stopped', () => {
  for (const state of [agent({ wanted: 'stopped', phase: { name: 'stopping' } }), agent({ wanted: 'stopped', incarnation: null })]) {
    expect(changedState(state, change('restart'), evidence, 'reload', null).wanted).toBe('stopped')
    expect(changedState(state, change('restart'), evidence, 'up', null).wanted).toBe('running')
  }
  expect(changedState(agent({ wanted: 'running', phase: { name: 'idle' } }), change('restart'), evidence, 'reload', null)).toMatchObject({ wanted: 'running', phase: { name: 'stopping' } })
})

it('lets nobody go on by a reload whom a person keeps; an up does', () => {
  const held = { name: 'parked', until: null, why: 'held by ada', hold: { by: 'person', rule: 'ada', run: 'i' } } as const
  const ended = { code: 0, signal: null, startedAt: 0, endedAt: 2, failure: null }
  const after = (incarnation: string | null, verb: string) => {
    const changed = changedState(agent({ wanted: 'running', incarnation, phase: held }), change('restart'), evidence, verb, null)
    return incarnation === null ? changed : onEnded(changed, { restart: 'always' }, ended, 0)
  }
  expect([after('i', 'reload').phase, after(null, 'reload').phase]).toEqual([held, held])
  expect([after('i', 'up').phase, after(null, 'up').phase]).toMatchObject([{ name: 'stopped' }, { name: 'stopped' }])
  expect(onEnded(changedState(agent({ wanted: 'running', phase: held }), change('stop'), evidence, 'reload', null), { restart: 'always' }, ended, 0).phase).toMatchObject({ name: 'stopped' })
})

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
