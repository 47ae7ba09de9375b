import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Clock } from '../core/clock.ts'
import type { Agent } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Bridges } from './bridges.ts'

const manager = (project: string): Agent => ({ address: `${project}:boss`, id: 'boss', project, role: 'manager' }) as unknown as Agent
const [p, q] = [manager('p'), manager('q')]
const forTwoHours = { topic: 't', oneWay: false, ttlMs: 7_200_000, by: 'user' }

let folder: string
let store: Store
let elapsed: number
let leap: number
let timers: { at: number; fn: () => void }[]
const faults: unknown[] = []
const gone = new Set<string>()

const clock: Clock = {
  now: () => 1_000_000 + elapsed + leap,
  elapsed: () => elapsed,
  after(ms, fn) {
    const timer = { at: elapsed + ms, fn }
    timers.push(timer)
    return () => (timers = timers.filter((each) => each !== timer))
  },
}

const bridges = async (): Promise<Bridges> => {
  const made = new Bridges({ store, clock, stands: ({ a, b }) => !gone.has(a) && !gone.has(b), report: (_what, error) => faults.push(error) })
  await made.load()
  await made.start()
  return made
}

/** Time goes on; what is due runs, and writes. */
async function pass(ms: number): Promise<void> {
  elapsed += ms
  const due = timers.filter((timer) => timer.at <= elapsed)
  timers = timers.filter((timer) => timer.at > elapsed)
  for (const { fn } of due) fn()
  await store.write(async () => {})
}

const ended = async () => (await store.read((db) => db.events.recent({ type: 'bridge.closed', limit: 9 }))).map(({ data }) => [data['n'], data['by']])

beforeEach(async () => {
  ;[elapsed, leap, timers] = [0, 0, []]
  folder = mkdtempSync(join(tmpdir(), 'bridges-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
})

afterEach(async () => {
  expect(faults).toEqual([])
  await store.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

it('closes by itself when its time is over, whatever is done to the time of day', async () => {
  const all = await bridges()
  const bridge = await all.open(p, q, forTwoHours)
  expect(bridge).toMatchObject({ n: 1, a: 'p:boss', b: 'q:boss', expiresAt: bridge.openedAt + 7_200_000 })
  leap = -86_400_000
  await pass(7_199_999)
  expect(all.now()).toEqual([bridge])
  await pass(1)
  expect(all.now()).toEqual([])
  expect(await all.find('1')).toMatchObject({ closedBy: 'expiry' })
  expect(await ended()).toEqual([[1, 'expiry']])
  await expect(all.close('1', 'user')).rejects.toMatchObject({ code: 'conflict', message: 'bridge 1 is expired already' })
})

it('permits nothing after its time even before that is written down', async () => {
  const all = await bridges()
  await all.open(p, q, forTwoHours)
  elapsed += 7_200_000
  expect(all.now()).toEqual([])
  expect(await ended()).toEqual([])
  expect(await all.open(q, p, forTwoHours)).toMatchObject({ n: 2 })
})

it('goes on in the next daemon with the time that is left, and ends there if none is', async () => {
  await (await bridges()).open(p, q, forTwoHours)
  elapsed += 7_000_000
  timers = []
  const next = await bridges()
  expect(next.now()).toHaveLength(1)
  await pass(200_000)
  expect(await ended()).toEqual([[1, 'expiry']])
  await next.open(p, q, forTwoHours)
  elapsed += 8_000_000
  expect((await bridges()).now()).toEqual([])
  expect(await ended()).toEqual([[1, 'expiry'], [2, 'expiry']])
})

it('is closed once, by number or UUID, and opened once between two', async () => {
  const all = await bridges()
  const [one, two] = await Promise.allSettled([all.open(p, q, forTwoHours), all.open(q, p, { ...forTwoHours, oneWay: true })])
  expect([one.status, two.status].toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await all.close(all.now()[0]?.id ?? '', 'user')).toMatchObject({ closedBy: 'user' })
  await expect(all.close('#1', 'user')).rejects.toMatchObject({ code: 'conflict' })
  await expect(all.close('7', 'user')).rejects.toMatchObject({ code: 'unknown' })
})

it('closes for good with an end that leaves the team: who comes by its name later is somebody else', async () => {
  const open = await bridges()
  await open.open(p, q, forTwoHours)
  gone.add(q.address)
  await store.write(async (tx) => await tx.journal({ type: 'team.applied', subject: 'team', agent: null, data: {} }))
  await pass(0)
  gone.clear()
  expect([open.now(), await ended()]).toEqual([[], [[1, 'team']]])
  open.stop()
})
