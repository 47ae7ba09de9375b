import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { expect, it, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { enter } from '../core/plan.ts'
import type { Runtime, Session, SessionContext } from '../core/runtime.ts'
import type { Observed, Supervisor } from '../core/supervisor.ts'
import type { Agent, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import { Agents } from './agents.ts'
import type { Front } from './daemon.ts'
import type { Launching } from './launching.ts'
import { reconciling } from '../../test/fixtures/reconciling.ts'
import { Sessions } from './sessions.ts'
import { unlimited } from '../../test/fixtures/unlimited.ts'

const address = 'p:a'
const theTeam = { projects: [{ id: 'p', agents: [{ address, id: 'a', project: 'p', restart: 'always', fallback: [] as unknown } as Agent], channels: [] }] } as unknown as Team

const patiently = { timeout: 30_000, interval: 10 }

/** A supervisor whose look at the processes takes as long as the test wants. */
class SlowEyes {
  processes: Observed[] = []
  readonly looks: ((seen: Observed[]) => void)[] = []
  readonly cleared: string[] = []
  list = (): Promise<Observed[]> => new Promise((resolve) => this.looks.push(resolve))
  sweep = async (): Promise<void> => {}
  clear = async (incarnation: string): Promise<void> => void this.cleared.push(incarnation)
  subscribe = () => () => {}
}

it('does not take an agent for dead whose start ended while it looked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reconciler-'))
  const store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  const agents = new Agents(store, systemClock)
  const eyes = new SlowEyes()
  const started = Promise.withResolvers<void>()
  const launching = {
    adopt: vi.fn<() => Promise<void>>(async () => {}),
    launch: vi.fn<() => Promise<void>>(async () => {
      const incarnation = uuid()
      await agents.update(address, (state) => enter({ ...state, incarnation }, { name: 'starting' }, { at: 1, what: '', source: '' }), async (tx) => {
        await tx.incarnations.insert({ id: incarnation, agent: address, tokenHash: 'h', pane: null, pid: null, session: null, startedAt: 1, ended: null })
      })
      await started.promise
      await store.write((tx) => tx.incarnations.update(incarnation, { pane: '%1', pid: 7 }))
      eyes.processes = [{ address, incarnation, pane: '%1', pid: 7, state: { alive: true } }]
    }),
  }
  const faults: unknown[] = []
  const reconciler = reconciling({
    ...unlimited,
    store,
    clock: systemClock,
    agents,
    sessions: new Sessions(() => {}, () => {}),
    supervisor: eyes as unknown as Supervisor,
    launching: launching as unknown as Launching,
    team: () => theTeam,
    front: () => ({ endpoints: { close: async () => {} } }) as unknown as Front,
    jitter: () => 0,
    tell: async () => {},
    report: (_what, error) => faults.push(error),
  })
  const look = async () => await vi.waitFor(() => eyes.looks.shift() ?? expect.fail('nobody looks'), patiently)

  await agents.update(address, (state) => ({ ...state, wanted: 'running' }))
  reconciler.start()
  ;(await look())([])
  await vi.waitFor(() => expect(agents.get(address).phase.name).toBe('starting'), patiently)
  reconciler.wake()
  // Looked before the terminal was there, told of it after.
  const answer = await look()
  started.resolve()
  await vi.waitFor(() => expect(eyes.processes).toHaveLength(1), patiently)
  await new Promise((resolve) => setImmediate(resolve))
  answer([])
  ;(await look())(eyes.processes)
  await vi.waitFor(() => expect(launching.adopt).toHaveBeenCalledOnce(), patiently)

  expect(agents.get(address)).toMatchObject({ phase: { name: 'starting' }, incarnation: eyes.processes[0]?.incarnation, restarts: { count: 0 } })
  expect(launching.launch).toHaveBeenCalledOnce()
  expect(eyes.cleared).toEqual([])
  expect(faults).toEqual([])
  await reconciler.stop()
  await store.close()
  rmSync(folder, { recursive: true })
})

it('tells an agent that ended while it was parked to go on with the turn that was cut off, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reconciler-'))
  const store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  const agents = new Agents(store, systemClock)
  const until = systemClock.now() - 1
  const events: string[] = []
  const reconciler = reconciling({
    ...unlimited,
    store,
    clock: systemClock,
    agents,
    sessions: new Sessions(() => {}, () => {}),
    supervisor: { list: async () => [], subscribe: () => () => {} } as unknown as Supervisor,
    launching: {
      async launch() {
        events.push('launched')
        await agents.update(address, (state) => enter(state, { name: 'blocked', why: 'it was seen' }, { at: 2, what: '', source: '' }))
      },
    } as unknown as Launching,
    team: () => theTeam,
    front: () => ({}) as unknown as Front,
    jitter: () => 0,
    tell: async (_to, _text, key) => void events.push(key),
    report: (what, error) => expect.fail(`${what}: ${String(error)}`),
  })
  for (const cut of [{}, { cut: true } as const]) {
    await agents.update(address, (state) =>
      enter({ ...state, wanted: 'running', session: 'talk' }, { name: 'parked', until, why: 'limit', ...cut }, { at: 1, what: '', source: '' }),
    )
    reconciler.start()
    await vi.waitFor(() => expect(agents.get(address).phase.name).toBe('blocked'), patiently)
    await reconciler.stop()
  }
  expect(events).toEqual(['launched', `unparked talk ${until}`, 'launched'])
  await store.close()
  rmSync(folder, { recursive: true })
})

it('frees a parked agent whose process is still there when the time has come, and tells it once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reconciler-'))
  const store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  const agents = new Agents(store, systemClock)
  const incarnation = uuid()
  const sessions = new Sessions(() => {}, () => {})
  const session = { subscribe: () => () => {}, close: () => {} } as unknown as Session
  sessions.open({ open: () => session } as unknown as Runtime, { agent: { address }, incarnation } as unknown as SessionContext)
  const until = systemClock.now() - 1
  await agents.update(
    address,
    (state) => enter({ ...state, incarnation, wanted: 'running' }, { name: 'parked', until, why: 'limit', cut: true }, { at: 1, what: '', source: '' }),
    async (tx) => {
      await tx.incarnations.insert({ id: incarnation, agent: address, tokenHash: 'h', pane: '%1', pid: 7, session: null, startedAt: 1, ended: null })
    },
  )
  const told: string[] = []
  const reconciler = reconciling({
    ...unlimited,
    store,
    clock: systemClock,
    agents,
    sessions,
    supervisor: { list: async () => [{ address, incarnation, pane: '%1', pid: 7, state: { alive: true } }], subscribe: () => () => {} } as unknown as Supervisor,
    launching: {} as unknown as Launching,
    team: () => theTeam,
    front: () => ({}) as unknown as Front,
    jitter: () => 0,
    tell: async (to, _text, key) => void told.push(`${to} ${key}`),
    report: (what, error) => expect.fail(`${what}: ${String(error)}`),
  })
  reconciler.start()
  await vi.waitFor(() => expect(agents.get(address).phase.name).toBe('idle'), patiently)
  await reconciler.stop()
  expect(told).toEqual([`${address} unparked ${incarnation} ${until}`])
  await store.close()
  rmSync(folder, { recursive: true })
})
