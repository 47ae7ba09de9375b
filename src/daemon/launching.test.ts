import { expect, it, vi } from 'vitest'
import type { Agent, Team } from '../core/team.ts'
import { carriers } from '../../test/fixtures/carriers.ts'
import { Launching, type LaunchingParts } from './launching.ts'

const on = carriers()

/** A launcher whose look at the CLI, and whose making of the worktree, take as long as the test wants. */
function slow() {
  const declared = { address: 'p:a', id: 'a', project: 'p', model: 'small', restart: 'always' } as Agent
  const at = { declared, looked: Promise.withResolvers<void>(), made: Promise.withResolvers<void>() }
  const ready = vi.fn<() => Promise<boolean>>(async () => {
    await at.made.promise
    throw new Error('as far as this test goes')
  })
  const parts = {
    ...{ store: on.store, agents: on.agents, sessions: on.sessions, worktrees: { ready }, calls: { begins: async () => undefined }, missingProgram: () => null, finished: async () => null, jitter: () => 0 },
    host: () => ({ clock: on.clock }),
    team: () => ({ projects: [{ id: 'p', agents: [at.declared] }] }) as unknown as Team,
    runtimeOf: async () => ({ name: 'pen' }),
    healthOf: async () => await at.looked.promise.then(() => ({ problem: null })),
    startedWith: ({ model }: Agent) => ({ model: model ?? '' }),
    front: () => ({ endpoints: { close: async () => undefined } }),
    supervisor: { sweep: async () => undefined },
  } as unknown as LaunchingParts
  return { at, ready, launching: new Launching(parts) }
}

it.each([
  ['the files', async (at: ReturnType<typeof slow>['at']) => void (at.declared = { ...at.declared, model: 'large' })],
  ['who stands in for it', async () => void (await on.agents.update('p:a', (state) => ({ ...state, duty: { standIn: { runtime: 'other', descriptor: null, model: null, mode: 'terminal' }, from: 'pen', at: 0, why: '', out: {}, sessions: {}, resumes: true, told: true } })))],
] as const)('starts nobody as was said before %s changed', async (_what, change) => {
  const { at, ready, launching } = slow()
  const launch = launching.launch(at.declared)
  await change(at)
  at.looked.resolve()
  at.made.resolve()
  await launch
  expect(ready).not.toHaveBeenCalled()
})

it('writes down what an agent is started with before it is: who compares meanwhile compares with that', async () => {
  const { at, ready, launching } = slow()
  at.looked.resolve()
  const launch = launching.launch(at.declared)
  await vi.waitFor(() => expect(ready).toHaveBeenCalled(), { timeout: 10_000 })
  expect(await on.store.read((db) => db.settings.get('launched:p:a'))).toEqual({ model: 'small' })
  at.made.resolve()
  await launch
})
