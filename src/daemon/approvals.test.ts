import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Window } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { noHitl } from '../core/limits.ts'
import type { Agent, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Approvals } from './approvals.ts'

let folder: string
let store: Store
let approvals: Approvals
let now: number
let timers: { at: number; fn: () => void }[]
let tried: string[]
let reports: string[]
let windows: Window[]
/** By agent: what its mail comes to. */
let faults: Map<string, unknown>

const clock: Clock = {
  now: () => 1_000_000 + now,
  elapsed: () => now,
  after(ms, fn) {
    const timer = { at: now + ms, fn }
    timers.push(timer)
    return () => (timers = timers.filter((each) => each !== timer))
  },
}

beforeEach(async () => {
  ;[now, timers, tried, reports, faults, windows] = [0, [], [], [], new Map(), []]
  folder = mkdtempSync(join(tmpdir(), 'approvals-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  approvals = new Approvals({
    store,
    clock,
    team: () => ({ hitl: { ...noHitl, autoApproveWindows: windows } }) as Team,
    answer: () => Promise.resolve(false),
    mail(agent) {
      tried.push(agent)
      return faults.has(agent) ? Promise.reject(faults.get(agent) as Error) : Promise.resolve()
    },
    report: (what) => void reports.push(what),
  })
})
afterEach(async () => {
  approvals.stop()
  await store.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

/** Asks and does not wait. */
async function ask(name: string): Promise<string> {
  const agent = { address: `p:${name}`, project: 'p' } as Agent
  const wanted = { agent, actions: ['publish'], scope: null, summary: 's', exact: { tool: 'request_approval', input: {} }, hash: name, origin: 'asked' as const, uses: true, ttlMs: 60_000, taint: [] }
  return (await approvals.ask(wanted, 0, new AbortController().signal)).id
}

/** Time goes on; what is due runs, and comes to its end in the store. */
async function pass(ms: number): Promise<void> {
  now += ms
  const due = timers.filter((timer) => timer.at <= now)
  timers = timers.filter((timer) => timer.at > now)
  for (const { fn } of due) fn()
  for (let round = 0; round < 5; round += 1) await store.write(async () => {})
}

const untold = async (): Promise<string[]> => (await store.read((db) => db.approvals.untold())).map(({ agent }) => agent)

it('a verdict that cannot be told keeps no other from its agent, at the start of a daemon and later', async () => {
  faults.set('p:bad', new TroupeError('too_large', 'too many words', { hint: 'say less' }))
  for (const name of ['bad', 'good', 'fine']) await ask(name)
  await pass(60_000)
  expect(tried.toSorted()).toEqual(['p:bad', 'p:fine', 'p:good'])
  expect(await untold()).toEqual(['p:bad'])
  expect(reports).toEqual(['telling p:bad how approval 1 ended'])
})

it('tries again with growing pauses until it is out, and a decision stands meanwhile', async () => {
  faults.set('p:bad', new Error('the disk is full'))
  expect((await approvals.decide(await ask('bad'), 'deny', { name: 'user', via: 'socket' }, null)).status).toBe('denied')
  const pauses: number[] = []
  for (let tries = 1; tries <= 4; tries += 1) {
    expect(tried).toHaveLength(tries)
    const next = timers.find(({ at }) => at > now)
    pauses.push((next?.at ?? 0) - now)
    // What else wakes it up makes no further try.
    await approvals.start()
    expect(tried).toHaveLength(tries)
    await pass(pauses.at(-1) ?? 0)
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000])
  faults.clear()
  await pass(16_000)
  expect(await untold()).toEqual([])
  const before = tried.length
  await pass(600_000)
  expect(tried).toHaveLength(before)
})

it.each(['unknown', 'conflict'] as const)('a mail that ends in %s is not tried again', async (code) => {
  faults.set('p:gone', new TroupeError(code, 'so it is', { hint: 'nothing' }))
  await approvals.decide(await ask('gone'), 'approve', { name: 'user', via: 'socket' }, null)
  expect(await untold()).toEqual([])
  expect(reports).toEqual([])
})

it('what a window allows under the name that an agent gave it is no yes for a call that is something else', async () => {
  const agent = { address: 'p:a', project: 'p' } as Agent
  windows = [{ action: 'tidy', project: null, agent: null, scope: null, until: 9_000_000 }]
  const push = { agent, scope: null, summary: 's', exact: { tool: 'Bash', input: { command: 'git push' } }, hash: 'push', ttlMs: 60_000, taint: [] }
  const asked = { ...push, actions: ['tidy'], origin: 'asked' as const, uses: false }
  const held = { ...push, actions: ['publish'], origin: 'held' as const, uses: true }
  const { signal } = new AbortController()
  expect(await approvals.ask(asked, 0, signal)).toMatchObject({ n: 1, status: 'approved' })
  expect(await approvals.ask(held, 0, signal)).toMatchObject({ n: 2, status: 'pending', action: 'publish' })
  expect(await store.read((db) => db.approvals.byN(1))).toMatchObject({ status: 'expired', usedAt: null })

  // Under its own name it is one, once; not any more where others had their say meanwhile.
  const named = { ...asked, actions: ['publish'], hash: 'other' }
  windows = [{ ...windows[0]!, action: 'publish' }]
  expect(await approvals.ask(named, 0, signal)).toMatchObject({ status: 'approved' })
  expect(await approvals.ask({ ...held, hash: 'other', taint: ['web'] }, 0, signal)).toMatchObject({ status: 'pending' })
  await approvals.ask({ ...named, hash: 'third' }, 0, signal)
  expect(await approvals.ask({ ...held, hash: 'third' }, 0, signal)).toMatchObject({ status: 'used' })
})
