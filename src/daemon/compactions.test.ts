import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock, type Clock } from '../core/clock.ts'
import { enter } from '../core/plan.ts'
import type { Compaction, Runtime, SessionContext } from '../core/runtime.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Pen, runtime } from '../../test/fixtures/pen.ts'
import { Agents } from './agents.ts'
import { Compactions } from './compactions.ts'
import { Sessions } from './sessions.ts'

const minutes = 60_000
let folder: string
let store: Store
let clock: Clock & { skip(ms: number): void }
let agents: Agents
let sessions: Sessions
let compactions: Compactions
const faults: unknown[] = []
/** What the CLI makes of each try. */
const compact = vi.fn<() => Promise<Compaction>>()

const make = () => new Compactions({ store, clock, agents, sessions, report: (_what, error) => faults.push(error) })
const patiently = { timeout: 10_000 }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'compactions-'))
  let ahead = 0
  const timers: { at: number; ring: () => void }[] = []
  const elapsed = (): number => performance.now() + ahead
  clock = {
    ...systemClock,
    elapsed,
    now: () => Date.now() + ahead,
    after: (ms, ring) => {
      const timer = { at: elapsed() + ms, ring }
      timers.push(timer)
      return () => void (timer.ring = () => undefined)
    },
    skip(ms) {
      ahead += ms
      for (const timer of timers.splice(0)) {
        if (timer.at <= elapsed()) timer.ring()
        else timers.push(timer)
      }
    },
  }
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  agents = new Agents(store, clock)
  sessions = new Sessions(() => {}, () => {})
  compactions = make()
  await compactions.start()
  compact.mockReset().mockResolvedValue({ result: 'done', what: 'shorter' })
})

afterEach(async () => {
  compactions.stop()
  await store.close()
  rmSync(folder, { recursive: true })
  expect(faults.splice(0)).toEqual([])
})

async function run(incarnation: string, able = true): Promise<void> {
  const cli = { ...runtime, abilities: { ...runtime.abilities, compact: able }, open: () => Object.assign(new Pen(), { compact }) } as unknown as Runtime
  sessions.open(cli, { agent: { address: 'p:a' }, incarnation } as SessionContext)
  await agents.update('p:a', (state) => enter({ ...state, incarnation, wanted: 'running', session: 's' }, { name: 'busy' }, { at: clock.now(), what: '', source: '' }))
}

const phase = (name: 'idle' | 'busy') => agents.update('p:a', (state) => enter(state, { name }, { at: clock.now(), what: '', source: '' }))
const told = async () => (await store.read((db) => db.events.recent({ limit: 100, agent: 'p:a' }))).map(({ type }) => type).filter((type) => type.startsWith('agent.compact'))

it('waits for the end of the turn, once, and is journalled', async () => {
  await run('one')
  expect(await compactions.ask('p:a', 'one')).toEqual({ session: 's' })
  expect(compact).not.toHaveBeenCalled()
  await phase('idle')
  await vi.waitFor(async () => expect(await told()).toEqual(['agent.compact-asked', 'agent.compacted']), patiently)
  await phase('busy')
  await phase('idle')
  expect(compact).toHaveBeenCalledTimes(1)
})

it('is refused, with a reason, where the runtime cannot, and before five minutes are over', async () => {
  await run('one', false)
  await expect(compactions.ask('p:a', 'one')).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('cannot shorten') })
  expect(await told()).toEqual([])
  await run('two')
  await compactions.ask('p:a', 'two')
  await expect(compactions.ask('p:a', 'two')).rejects.toMatchObject({ code: 'throttled', hint: expect.stringContaining('when your turn is over') })
  await phase('idle')
  await vi.waitFor(async () => expect(await told()).toHaveLength(2), patiently)
  await expect(compactions.ask('p:a', 'two')).rejects.toMatchObject({ code: 'throttled', hint: expect.stringMatching(/ask again in \d+ s/) })
  clock.skip(6 * minutes)
  await compactions.ask('p:a', 'two')
})

it('is tried again where somebody was writing, though nothing else happens', async () => {
  compact.mockResolvedValueOnce({ result: 'later', what: 'somebody is writing' })
  await run('one')
  await compactions.ask('p:a', 'one')
  await phase('idle')
  await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1), patiently)
  // The timer is set once the answer is in.
  await vi.waitFor(async () => {
    clock.skip(31_000)
    expect(await told()).toEqual(['agent.compact-asked', 'agent.compacted'])
  }, patiently)
  expect(compact).toHaveBeenCalledTimes(2)
})

it('is kept by the next daemon, and over with its incarnation', async () => {
  await run('one')
  await compactions.ask('p:a', 'one')
  compactions.stop()
  await phase('idle')
  expect(compact).not.toHaveBeenCalled()
  compactions = make()
  await compactions.start()
  await vi.waitFor(async () => expect(await told()).toEqual(['agent.compact-asked', 'agent.compacted']), patiently)
  clock.skip(6 * minutes)
  await phase('busy')
  await compactions.ask('p:a', 'one')
  await run('two')
  await vi.waitFor(async () => expect(await told()).toEqual(['agent.compact-asked', 'agent.compacted', 'agent.compact-asked', 'agent.compact-failed']), patiently)
  await phase('idle')
  expect(compact).toHaveBeenCalledTimes(1)
})
