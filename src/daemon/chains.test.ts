import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { defaultLimits } from '../core/limits.ts'
import { newState } from '../core/plan.ts'
import type { Agent, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { attachmentsOf } from '../../test/fixtures/attachments.ts'
import { Agents } from './agents.ts'
import { Chains } from './chains.ts'
import { Deliverer } from './deliverer.ts'
import { Fetching } from './fetching.ts'
import { Offers } from './offers.ts'
import { Mailroom } from './mailroom.ts'
import { Sessions } from './sessions.ts'

const agent = (id: string): Agent => ({ address: `p:${id}`, id, project: 'p', role: 'worker', canDm: ['p:a', 'p:b', 'p:c'], canBroadcast: [], reportsTo: null }) as unknown as Agent
const team = {
  limits: defaultLimits,
  loopGuard: { enabled: true, hops: 2, sendsPerChain: 64, sendsPerMinute: 6 },
  projects: [{ id: 'p', agents: [agent('a'), agent('b'), agent('c')], channels: [] }],
} as unknown as Team

let folder: string
let store: Store
let time: number
let agents: Agents
let shown: [string, string | null][]

const clock = { ...systemClock, elapsed: () => time }

/** What a daemon has of it; a second one stands for the next daemon. */
function office() {
  const chains = new Chains({ store, clock, agents, team: () => team, show: (whose, text) => void shown.push([whose, text]) })
  const offers = new Offers(clock)
  const deliverer = new Deliverer({ store, clock, agents, offers, sessions: new Sessions(() => {}, () => {}), picturesOf: () => [], team: () => team, report: () => {} })
  const fetching = new Fetching(store, clock, deliverer, offers, () => false)
  const mailroom = new Mailroom({ store, clock, chains, attachments: attachmentsOf(folder, store, () => team), bridges: () => [], team: () => team })
  const post = async (from: string, to: string, key: string | null = null) => (await mailroom.post({ from, to, text: 'hello', threadId: null, priority: 'normal', key })).message
  const told = async (to: string, id: string) => void (await deliverer.delivered(`p:${to}`, agents.get(`p:${to}`).incarnation ?? '', id, 'tool', { at: 0, what: 'fetched' }))
  return { chains, deliverer, fetching, post, told }
}

async function run(id: string, incarnation: string): Promise<void> {
  await agents.update(`p:${id}`, () => ({ ...newState(`p:${id}`, 0), wanted: 'running', phase: { name: 'idle' }, incarnation }))
}

const throttledLines = async () => await store.read((db) => db.events.recent({ type: 'message.throttled', limit: 100 }))

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chains-'))
  time = 0
  shown = []
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  agents = new Agents(store, clock)
  for (const id of ['a', 'b', 'c']) await run(id, `run-${id}`)
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

describe('chains', () => {
  it('continue what the sender was told last, one hop further; operators and agents that were told nothing begin one', async () => {
    const { post, told } = office()
    const first = await post('user', 'p:a')
    expect(first).toMatchObject({ chain: first.id, hop: 0 })
    const own = await post('p:a', 'p:b')
    expect(own).toMatchObject({ chain: own.id, hop: 0 })
    await told('a', first.id)
    const second = await post('p:a', 'p:b')
    expect(second).toMatchObject({ chain: first.id, hop: 1 })
    await told('b', second.id)
    expect(await post('p:b', 'p:c')).toMatchObject({ chain: first.id, hop: 2 })
    expect(await post('user', 'p:c')).toMatchObject({ hop: 0 })
  })

  it('are refused beyond the hops, with a line of the journal a second at most; work sets them back', async () => {
    const { post, told, chains } = office()
    const first = await post('user', 'p:a')
    await told('a', first.id)
    const second = await post('p:a', 'p:b')
    await told('b', second.id)
    const third = await post('p:b', 'p:c')
    await told('c', third.id)
    const refused = { code: 'throttled', facts: { limit: 'loop_guard.hops', allowed: 2, hop: 3, chain: first.id } }
    for (let n = 0; n < 3; n += 1) await expect(post('p:c', 'p:a')).rejects.toMatchObject(refused)
    expect(await throttledLines()).toHaveLength(1)
    time += 1_000
    await expect(post('p:c', 'p:a')).rejects.toMatchObject(refused)
    expect((await throttledLines()).map(({ data }) => data['refused'])).toEqual([1, 3])
    expect(chains.refusals('p:c')).toMatchObject({ 'loop_guard.hops': { times: 4 } })
    chains.worked('p:c', 'an earlier run')
    await expect(post('p:c', 'p:a')).rejects.toMatchObject(refused)
    chains.worked('p:c', 'run-c')
    expect(shown.filter(([whose]) => whose === 'p:c')).toEqual(Array.from({ length: 5 }, () => ['p:c', expect.stringContaining('number 3 in a row')]))
    expect(await post('p:c', 'p:a')).toMatchObject({ chain: first.id, hop: 1 })
    expect(shown.at(-1)).toEqual(['p:c', null])
  })

  it('know of work that comes before anything was sent', async () => {
    const { post, told, chains } = office()
    const first = await post('user', 'p:a')
    await told('a', first.id)
    const second = await post('p:a', 'p:b')
    await told('b', second.id)
    chains.worked('p:b', 'run-b')
    expect(await post('p:b', 'p:c')).toMatchObject({ hop: 1 })
  })

  it('go on from the last delivery in the next daemon, not from one to an earlier run', async () => {
    const before = office()
    const first = await before.post('user', 'p:a')
    await before.told('a', first.id)
    const second = await before.post('p:a', 'p:b')
    await before.told('b', second.id)
    const after = office()
    expect(await after.post('p:b', 'p:a')).toMatchObject({ chain: first.id, hop: 2 })
    after.chains.worked('p:a', 'run-a')
    expect(await after.post('p:a', 'p:b')).toMatchObject({ chain: first.id, hop: 1 })
    await run('b', 'run-b2')
    expect(await office().post('p:b', 'p:a')).toMatchObject({ hop: 0 })
  })

  it('know what was read and acknowledged in one step', async () => {
    const { post, fetching } = office()
    const first = await post('user', 'p:a')
    await fetching.ack('p:a', 'run-a', [first.id])
    expect(await post('p:a', 'p:b')).toMatchObject({ chain: first.id, hop: 1 })
    expect(await office().post('p:a', 'p:b')).toMatchObject({ chain: first.id, hop: 1 })
  })

  it('count a send with its key once, and not what is refused for another reason', async () => {
    const { post } = office()
    const messages = []
    for (let n = 0; n < 10; n += 1) messages.push(await post('p:a', 'p:b', 'k'))
    expect(new Set(messages.map(({ id }) => id)).size).toBe(1)
    for (let n = 0; n < 10; n += 1) await expect(post('p:a', 'p:c', 'k')).rejects.toMatchObject({ code: 'conflict' })
    for (let n = 0; n < 5; n += 1) await post('p:a', 'p:b')
    await expect(post('p:a', 'p:b')).rejects.toMatchObject({ facts: { limit: 'loop_guard.sends_per_minute' } })
    expect((await post('p:a', 'p:b', 'k')).id).toBe(messages[0]?.id)
  })
})

describe('what strangers wrote', () => {
  it('is known to the next daemon for as long as the conversation goes on, and is looked for in the journal once', async () => {
    await agents.update('p:a', (state) => ({ ...state, session: 'talk' }))
    await office().chains.touched('p:a', 'web')
    let looks = 0
    const { read } = store
    store.read = async (work) =>
      await read(async (db) => {
        const recent: typeof db.events.recent = async (filter) => (looks += 1, await db.events.recent(filter))
        return await work({ ...db, events: { ...db.events, recent } })
      })
    const { chains } = office()
    for (const incarnation of ['run-a', 'run-a2']) {
      await agents.update('p:a', (state) => ({ ...state, incarnation }))
      expect(await chains.taintOf('p:a')).toEqual(['web'])
    }
    await agents.update('p:a', (state) => ({ ...state, incarnation: 'run-a3', session: 'another' }))
    expect(await chains.taintOf('p:a')).toEqual([])
    await chains.touched('p:a', 'web')
    await agents.update('p:a', (state) => ({ ...state, incarnation: 'run-a4' }))
    expect([await chains.taintOf('p:a'), looks]).toEqual([['web'], 1])
  })
})
