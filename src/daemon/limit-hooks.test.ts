import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { LimitHit, Outcome } from '../core/limit-hit.ts'
import { enter } from '../core/plan.ts'
import type { Agent, RateLimitHook, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Agents } from './agents.ts'
import { LimitHooks } from './limit-hooks.ts'

const address = 'p:a'
const patiently = { timeout: 30_000, interval: 10 }
const hook = (name: string, action: RateLimitHook['action']): RateLimitHook => ({ name, action, to: null, template: null, url: null, urlEnv: null, method: null, command: [] })
const hooks = [hook('first', 'run'), hook('second', 'webhook'), hook('third', 'send')]

let folder: string
let store: Store
let agents: Agents
const running: LimitHooks[] = []
let reported: string[] | null

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limit-hooks-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  agents = new Agents(store, systemClock)
  reported = null
  await agents.update(address, (state) => enter({ ...state, incarnation: 'i', wanted: 'running' }, { name: 'busy' }, { at: 1, what: '', source: '' }))
})
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
  await store.close()
  rmSync(folder, { recursive: true })
})

type Perform = (hook: RateLimitHook, hit: LimitHit, signal: AbortSignal) => Promise<Outcome>

/** One daemon's part, on the store that all of a test share. */
async function daemon(onRateLimit: string[] | null, perform: Perform, from = store): Promise<LimitHooks> {
  const agent = { address, id: 'a', project: 'p', runtime: 'r', onRateLimit } as Agent
  const team = { rateLimits: { defaultOnHit: [], fallbackWaitMs: 0, allowPrivate: [], hooks }, projects: [{ id: 'p', agents: [agent], channels: [] }] } as unknown as Team
  const made = new LimitHooks({ store: from, clock: systemClock, agents, team: () => team, perform, jitter: () => 0, report: (what, error) => (reported === null ? expect.fail(`${what}: ${String(error)}`) : void reported.push(what)) })
  await made.start()
  running.push(made)
  return made
}

const limit = (until: number | null = Date.now() + 3_600_000) =>
  ({ type: 'failure', class: 'quota', why: 'limit reached', until, evidence: { at: Date.now(), what: 'limit reached', source: 'hook' } }) as const
const ends = async () => (await store.read((db) => db.events.recent({ type: 'limit', limit: 99 }))).map(({ type, data }) => `${type} ${String(data['name'] ?? '')}`.trim())
const open = async () => await store.read((db) => db.limitHits.open())

it('runs a hook once also where it was looked at before the first time was written down', async () => {
  // A database far away: what is read may be older than what was done since.
  const seen: unknown[] = []
  const far: Store = {
    ...store,
    read: async (work) => {
      const found = await store.read(work)
      seen.push(found)
      return (seen.length === 3 ? seen[1] : found) as typeof found
    },
  }
  const made: string[] = []
  const part = await daemon(['first'], async ({ name }) => (made.push(name), { ok: true, what: 'done' }), far)
  await vi.waitFor(() => expect(seen).toHaveLength(1), patiently)
  await store.write(async (tx) => await tx.limitHits.put({ id: 'h', agent: address, project: 'p', runtime: 'r', incarnation: 'i', at: 1, resetsAt: null, until: null, raw: '', hooks: [{ name: 'first', action: 'run', state: { is: 'due' }, attempts: 0 }] }))
  part.wake()
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(3), patiently)
  await part.stop()
  expect(made).toEqual(['first'])
})

it('runs each hook once, in order, and one that fails stops no other', async () => {
  const made: string[] = []
  const part = await daemon(['first', 'second', 'third'], async ({ name }) => {
    made.push(name)
    return name === 'first' ? { ok: false, why: 'no such program', again: false } : { ok: true, what: 'done' }
  })
  await part.hit(address, 'i', limit())
  await vi.waitFor(async () => expect(await ends()).toHaveLength(4), patiently)
  expect(await ends()).toEqual(['limit.hit', 'limit.hook-failed first', 'limit.hook-done second', 'limit.hook-done third'])
  expect(made).toEqual(['first', 'second', 'third'])
  expect(agents.get(address).phase).toMatchObject({ name: 'parked', why: 'limit reached' })
  expect(agents.get(address).phase).not.toHaveProperty('cut')
})

it('is told of the same limit again without doing anything again, and of another anew', async () => {
  const made: string[] = []
  const part = await daemon(['second'], async ({ name }) => (made.push(name), { ok: true, what: 'done' }))
  const signal = limit()
  const goOn = () => agents.update(address, (state) => enter(state, { name: 'busy' }, { at: 2, what: '', source: '' }))
  await part.hit(address, 'i', signal)
  await goOn()
  await part.hit(address, 'i', signal)
  expect(agents.get(address).phase.name).toBe('parked')
  await goOn()
  await part.hit(address, 'i', limit(Date.now() + 9_000_000))
  await vi.waitFor(async () => expect(made).toHaveLength(2), patiently)
  await vi.waitFor(async () => expect(await open()).toEqual([]), patiently)
  expect(await store.read((db) => db.limitHits.recent(address, 9))).toHaveLength(2)
})

it('waits for the agent to go on before what stands after a wait', async () => {
  const made: string[] = []
  const part = await daemon(['second', 'wait', 'third'], async ({ name }) => (made.push(name), { ok: true, what: 'done' }))
  await part.hit(address, 'i', limit())
  await vi.waitFor(async () => expect((await open())[0]?.hooks[1]?.state.is).toBe('waiting'), patiently)
  expect(made).toEqual(['second'])
  expect(agents.get(address).phase).toMatchObject({ name: 'parked', cut: true })
  await agents.update(address, (state) => enter(state, { name: 'idle' }, { at: 3, what: 'start asked for', source: 'operator' }))
  await vi.waitFor(() => expect(made).toEqual(['second', 'third']), patiently)
})

it('takes up what a daemon was at when it died, and repeats nothing that is written down', async () => {
  const before: string[] = []
  const part = await daemon(['first', 'second', 'third'], async ({ name }, _hit, signal) => {
    before.push(name)
    if (name === 'first') return { ok: true, what: 'done' }
    // As kill -9 leaves it: begun, and no word of how it went.
    return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut short'))))
  })
  await part.hit(address, 'i', limit())
  await vi.waitFor(() => expect(before).toEqual(['first', 'second']), patiently)
  await part.stop()
  expect((await open())[0]?.hooks.map(({ state }) => state.is)).toEqual(['done', 'running', 'due'])
  const after: string[] = []
  await daemon(['first', 'second', 'third'], async ({ name }) => (after.push(name), { ok: true, what: 'done' }))
  await vi.waitFor(async () => expect(await open()).toEqual([]), patiently)
  expect(after).toEqual(['second', 'third'])
})

it('writes down what it did once the store takes it, without doing it again, and does not spin meanwhile', async () => {
  const made: string[] = []
  const part = await daemon(['first'], async ({ name }) => {
    made.push(name)
    reported = []
    vi.spyOn(store, 'write').mockRejectedValue(new Error('the disk is full'))
    return { ok: true, what: 'done' }
  })
  await part.hit(address, 'i', limit())
  await vi.waitFor(() => expect(reported).not.toHaveLength(0), patiently)
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  // Without a pause each turn would have brought another attempt.
  expect(reported?.length).toBeLessThan(10)
  vi.restoreAllMocks()
  await vi.waitFor(async () => expect(await open()).toEqual([]), patiently)
  expect(made).toEqual(['first'])
})

it('does nothing where the list is empty, and waits where there is none', async () => {
  const never: Perform = () => expect.fail('nothing is to be done')
  const none = await daemon([], never)
  await none.hit(address, 'i', limit(null))
  expect([agents.get(address).phase, await open()]).toEqual([{ name: 'parked', until: null, why: 'limit reached', limit: true }, []])
  await agents.update(address, (state) => enter(state, { name: 'busy' }, { at: 2, what: '', source: '' }))
  const usual = await daemon(null, never)
  const signal = limit(null)
  await usual.hit(address, 'i', signal)
  // Hit twice in a row, with no reset known and no time to wait: not at once.
  expect(agents.get(address).phase).toMatchObject({ name: 'parked', until: signal.evidence.at + 20_000, cut: true })
})
