import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { newState } from '../core/plan.ts'
import type { Signal, UsageRecord } from '../core/runtime.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Agents } from './agents.ts'
import { Signals, type SignalParts } from './signals.ts'

const patiently = { timeout: 30_000, interval: 10 }
const evidence = { at: 1, what: 'turn failed: no model call passes', source: 'app-server' }
const refused: Signal = { type: 'failure', class: 'quota', why: 'no model call passes', until: null, evidence }

let folder: string
let store: Store
let agents: Agents
let held: boolean
let hits: string[]
let spent: string[]
let signals: Signals

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signals-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  agents = new Agents(store, systemClock)
  await store.write(async (tx) => await tx.agents.put({ ...newState('p:a', 1), wanted: 'running', phase: { name: 'busy' }, incarnation: 'i' }))
  await agents.load()
  ;[held, hits, spent] = [false, [], []]
  signals = new Signals({
    clock: systemClock,
    agents,
    holding: () => ({ isHeld: () => held }),
    limits: () => ({ hit: async (address: string) => void hits.push(address) }),
    jitter: () => 0,
    counted: async (_address: string, at: number) => at === 7,
    spend: () => ({ record: async (_address: string, _run: string, { key }: UsageRecord) => void spent.push(key) }),
    report: (what: string, error: unknown) => expect.fail(`${what}: ${String(error)}`),
  } as unknown as SignalParts)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

it('takes a refusal at a ceiling of the team’s own for no limit of the provider’s, also before the agent is parked for it', async () => {
  held = true
  signals.take('p:a', 'i', refused)
  await vi.waitFor(() => expect(agents.get('p:a').evidence.map(({ what }) => what)).toContain(evidence.what), patiently)
  expect([hits, agents.get('p:a').phase]).toEqual([[], { name: 'busy' }])
  held = false
  signals.take('p:a', 'i', refused)
  await vi.waitFor(() => expect(hits).toEqual(['p:a']), patiently)
})

it('counts what a record tells of, but not what was counted on its way', async () => {
  for (const at of [6, 7, 8]) signals.take('p:a', 'i', { type: 'usage', usage: { key: `at ${at}`, at, model: 'm', tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } } })
  await vi.waitFor(() => expect(spent).toEqual(['at 6', 'at 8']), patiently)
})

it('shows what an agent waits for as long as a call of it is held, whatever its CLI tells of being at work', async () => {
  let at = 100
  const seen = () => ({ at: (at += 1), what: 'seen', source: 'session-file' })
  const shows = async (phase: object) => await vi.waitFor(() => expect(agents.get('p:a').phase).toEqual(phase), patiently)
  const first = signals.held('p:a', 'i', { type: 'waiting', what: 'approval 1', evidence: seen() })
  const second = signals.held('p:a', 'i', { type: 'waiting', what: 'approval 2', evidence: seen() })
  signals.take('p:a', 'i', { type: 'busy', evidence: seen() })
  await shows({ name: 'waiting', what: 'approval 2' })
  second(seen())
  await shows({ name: 'waiting', what: 'approval 1' })
  signals.take('p:a', 'i', { type: 'busy', evidence: seen() })
  first(seen())
  await shows({ name: 'busy' })
  // Its call is gone: whoever took it away tells what it does now.
  signals.held('p:a', 'i', { type: 'waiting', what: 'approval 3', evidence: seen() })(null)
  signals.take('p:a', 'i', { type: 'idle', evidence: seen() })
  await shows({ name: 'idle' })
  signals.take('p:a', 'i', { type: 'busy', evidence: seen() })
  await shows({ name: 'busy' })
})

/** A store that takes each change of an agent only once it is told whether it may. */
async function hesitant(): Promise<{ answers: ((taken: boolean) => void)[]; phases: string[]; take(type: 'busy' | 'idle' | 'waiting'): void; uses(key: string): void }> {
  const answers: ((taken: boolean) => void)[] = []
  const asks = async <T>(work: Parameters<typeof store.write<T>>[0]): Promise<T> => {
    if (await new Promise<boolean>((resolve) => answers.push(resolve))) return await store.write(work)
    throw new TroupeError('unavailable', 'the database is away')
  }
  const slow = new Agents({ ...store, read: (work) => store.read(work), write: asks } as Store, systemClock)
  await slow.load()
  const phases: string[] = []
  slow.subscribe(({ phase }) => phases.push(phase.name))
  const clock = { ...systemClock, after: (_ms: number, fn: () => void) => systemClock.after(1, fn) }
  const heard = new Signals({ clock, agents: slow, holding: () => ({ isHeld: () => false, end: async () => {} }), jitter: () => 0, report: () => {}, counted: async () => false, spend: () => ({ record: async (_address: string, _run: string, { key }: UsageRecord) => void spent.push(key) }) } as unknown as SignalParts)
  const uses = (key: string): void => heard.take('p:a', 'i', { type: 'usage', usage: { key, at: 1, model: 'm', tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } } })
  let at = 1
  const take = (type: 'busy' | 'idle' | 'waiting'): void => heard.take('p:a', 'i', { type, what: 'a question', evidence: { at: (at += 1), what: type, source: 'hook' } })
  return { answers, phases, take, uses }
}

const answered = async (answers: ((taken: boolean) => void)[]): Promise<(taken: boolean) => void> => await vi.waitFor(() => answers.shift() ?? expect.fail('nobody asks'), patiently)

it('keeps what agents say in its order while the store is away, also what it was still asked to take when it began to refuse', async () => {
  const { answers, phases, take } = await hesitant()
  take('idle')
  take('waiting')
  ;(await answered(answers))(false)
  const second = await answered(answers)
  take('busy')
  second(false)
  for (let n = 0; n < 3; n++) (await answered(answers))(true)
  await vi.waitFor(() => expect(phases).toEqual(['idle', 'waiting', 'busy']), patiently)
})

it('does not go back to what an agent did before, where only that was refused', async () => {
  const { answers, phases, take } = await hesitant()
  take('idle')
  take('waiting')
  ;(await answered(answers))(false)
  ;(await answered(answers))(true)
  await vi.waitFor(() => expect(phases).toEqual(['waiting']), patiently)
  take('busy')
  ;(await answered(answers))(true)
  await vi.waitFor(() => expect(phases).toEqual(['waiting', 'busy']), patiently)
  expect(answers).toEqual([])
})

it('forgets what an agent did long ago, and never what it cost, where the store is away for very long', async () => {
  const { answers, phases, take, uses } = await hesitant()
  take('idle')
  const first = await answered(answers)
  first(false)
  take('waiting')
  ;(await answered(answers))(false)
  uses('a call')
  for (let n = 0; n < 6_000; n++) take('idle')
  ;(await answered(answers))(true)
  await vi.waitFor(() => expect([phases, spent]).toEqual([['idle'], ['a call']]), patiently)
})
