import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock, type Clock } from '../core/clock.ts'
import { enter, onSignal, toStopping } from '../core/plan.ts'
import type { Runtime, Session, SessionContext } from '../core/runtime.ts'
import type { Observed, Supervisor } from '../core/supervisor.ts'
import type { Agent, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Agents } from './agents.ts'
import type { Front } from './daemon.ts'
import type { Launching } from './launching.ts'
import { reconciling } from '../../test/fixtures/reconciling.ts'
import type { Reconciler } from './reconciler.ts'
import { Sessions } from './sessions.ts'
import { unlimited } from '../../test/fixtures/unlimited.ts'

const patiently = { timeout: 30_000, interval: 10 }
const agent = (id: string) => ({ address: `p:${id}`, id, project: 'p', restart: 'always', fallback: [] as unknown }) as Agent
const theTeam = { projects: [{ id: 'p', agents: [agent('a'), agent('b')], channels: [] }] } as unknown as Team

/** How long the loop wanted to wait each time, ms. */
let waits: number[]
const clock: Clock = { ...systemClock, after: (ms, fn) => (waits.push(ms), systemClock.after(ms, fn)) }

let folder: string
let store: Store
let agents: Agents
let list: () => Promise<Observed[]>
let launches: string[]
let launch: (address: string) => Promise<void>
/** What was known of an agent's incarnation while its processes were swept. */
let swept: string[]
let faults: string[]
let stopped: string[]
let sessions: Sessions
let reconciler: Reconciler

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reconciler-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  agents = new Agents(store, clock)
  waits = []
  launches = []
  swept = []
  faults = []
  stopped = []
  sessions = new Sessions(() => {}, () => {})
  list = async () => []
  launch = async (address) => void (await agents.update(address, (state) => enter(state, { name: 'blocked', why: '' }, { at: 0, what: '', source: '' })))
  const supervisor = {
    // A real one waits for its answer: without a turn of the event loop here, a loop that spins would never let a test fail.
    list: async () => {
      await turn()
      return await list()
    },
    sweep: async (incarnation: string) => void swept.push(`${incarnation} of ${agents.all().filter((state) => state.incarnation === incarnation).map(({ address }) => address).join()}`),
    stop: async (incarnation: string) => (stopped.push(incarnation), { took: 'polite', ms: 0, code: 0, signal: null, stragglers: [] }),
    clear: async () => void (list = async () => []),
    subscribe: () => () => {},
  }
  const launching = {
    launch: async ({ address }: Agent) => {
      launches.push(address)
      await launch(address)
    },
  }
  reconciler = reconciling({
    ...unlimited,
    store,
    clock,
    agents,
    sessions,
    drainMs: 600_000,
    supervisor: supervisor as unknown as Supervisor,
    launching: launching as unknown as Launching,
    team: () => theTeam,
    front: () => ({ endpoints: { close: async () => {} } }) as unknown as Front,
    jitter: () => 0,
    tell: async () => {},
    report: (what, error) => faults.push(`${what}: ${String(error)}`),
  })
})

afterEach(async () => {
  await reconciler.stop()
  await store.close()
  rmSync(folder, { recursive: true })
})

async function runs(address: string, incarnation: string, pane: string | null): Promise<void> {
  const launched = { at: clock.now(), what: '', source: '' }
  await agents.update(address, (state) => enter({ ...state, incarnation, wanted: 'running' }, { name: 'idle' }, launched), async (tx) => {
    await tx.incarnations.insert({ id: incarnation, agent: address, tokenHash: incarnation, pane, pid: 7, session: null, startedAt: clock.now(), ended: null })
  })
}

describe('the reconciler', () => {
  it('ends what a process left behind before its end is written down: killed in between, the next daemon still looks for it', async () => {
    await runs('p:a', 'lost', '%1')
    await runs('p:b', 'cut short', null)
    reconciler.start()
    await vi.waitFor(() => expect(agents.all().map(({ incarnation }) => incarnation)).toEqual([null, null]), patiently)
    expect(swept.toSorted()).toEqual(['cut short of p:b', 'lost of p:a'])
    expect(agents.get('p:a').phase.name).toBe('backoff')
    expect(faults).toEqual([])
  })

  it('goes on for the others when one agent fails in a way that nobody foresaw, and tries that one again after a pause (T19)', async () => {
    for (const address of ['p:a', 'p:b']) await agents.update(address, (state) => ({ ...state, wanted: 'running' }))
    launch = async (address) => {
      if (address === 'p:a') throw new Error('of its own kind')
      await runs(address, 'good', '%2')
      list = async () => [{ address, incarnation: 'good', pane: '%2', pid: 7, state: { alive: false, code: 0, signal: null } }]
    }
    reconciler.start()
    await vi.waitFor(() => expect(agents.get('p:b').phase.name).toBe('backoff'), patiently)
    for (let n = 0; n < 20; n++) {
      reconciler.wake()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(launches.toSorted()).toEqual(['p:a', 'p:b'])
    expect(faults).toEqual(['launch of p:a: Error: of its own kind'])
    await vi.waitFor(() => expect(launches.filter((address) => address === 'p:a')).toHaveLength(2), patiently)
  })

  it('does nothing to anybody while it cannot be known what runs, and goes on when it can (T15)', async () => {
    await runs('p:a', 'unseen', '%1')
    await agents.update('p:b', (state) => ({ ...state, wanted: 'running' }))
    const before = agents.all()
    list = async () => await Promise.reject(new Error('no answer'))
    reconciler.start()
    await vi.waitFor(() => expect(faults).toContain('a reconciler round: Error: no answer'), patiently)
    expect(agents.all()).toEqual(before)
    expect([launches, swept]).toEqual([[], []])
    list = async () => []
    reconciler.wake()
    await vi.waitFor(() => expect(agents.get('p:a').phase.name).toBe('backoff'), patiently)
    expect(launches).toEqual(['p:b'])
  })

  it('looks again at its own pace while an agent whose time has come is being started', async () => {
    const over = { name: 'backoff', until: clock.now() - 1 } as const
    await agents.update('p:a', (state) => enter({ ...state, wanted: 'running' }, over, { at: over.until - 1, what: '', source: '' }))
    const begun = Promise.withResolvers<void>()
    const [blocked, looks] = [launch, [] as number[]]
    launch = async (address) => {
      await begun.promise
      await blocked(address)
    }
    list = async () => {
      looks.push(launches.length)
      return []
    }
    reconciler.start()
    await vi.waitFor(() => expect(launches).toEqual(['p:a']), patiently)
    reconciler.wake()
    await vi.waitFor(() => expect(looks).toContain(1), patiently)
    await vi.waitFor(() => expect(waits).toContain(5_000), patiently)
    begun.resolve()
    await vi.waitFor(() => expect(agents.get('p:a').phase.name).toBe('blocked'), patiently)
    expect(waits.filter((ms) => ms < 50)).toEqual([])
    expect(faults).toEqual([])
  })

  it('waits at its own end for no turn of an agent that is to end, and leaves that to whoever begins again', async () => {
    await runs('p:a', 'at work', '%1')
    const session = { subscribe: () => () => {}, close: () => {}, farewell: () => 'signal' } as unknown as Session
    sessions.open({ abilities: { resume: true, mcp: false }, open: () => session } as unknown as Runtime, { agent: agent('a'), incarnation: 'at work' } as unknown as SessionContext)
    const seen = { at: clock.now(), what: '', source: '' }
    await agents.update('p:a', (state) => toStopping(onSignal(state, { type: 'busy', evidence: seen }), seen))
    list = async () => [{ address: 'p:a', incarnation: 'at work', pane: '%1', pid: 7, state: { alive: true } }]
    reconciler.start()
    await vi.waitFor(() => expect(waits).toContain(600_000), patiently)
    await reconciler.stop()
    expect([stopped, agents.get('p:a').phase]).toEqual([[], { name: 'stopping', during: 'busy' }])
    reconciler.start()
    await vi.waitFor(() => expect(waits.filter((ms) => ms === 600_000)).toHaveLength(2), patiently)
    await agents.update('p:a', (state) => onSignal(state, { type: 'idle', evidence: seen }))
    await vi.waitFor(() => expect(agents.get('p:a').incarnation).toBe(null), patiently)
    expect([stopped, faults]).toEqual([['at work'], []])
  })
})
