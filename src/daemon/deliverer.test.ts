import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock, type Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { defaultLimits, defaultLoopGuard } from '../core/limits.ts'
import type { Proof } from '../core/ladder.ts'
import { enter } from '../core/plan.ts'
import type { SessionContext } from '../core/runtime.ts'
import type { Agent, Team } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Pen, runtime } from '../../test/fixtures/pen.ts'
import { attachmentsOf } from '../../test/fixtures/attachments.ts'
import { Agents } from './agents.ts'
import { Deliverer } from './deliverer.ts'
import { Fetching } from './fetching.ts'
import { Chains } from './chains.ts'
import { Mailroom } from './mailroom.ts'
import { Sessions } from './sessions.ts'

const agent = (id: string, more: Partial<Agent> = {}): Agent =>
  ({ address: `p:${id}`, id, project: 'p', role: 'worker', canDm: ['p:b'], canBroadcast: ['all'], reportsTo: null, ...more }) as Agent
const theTeam = {
  limits: { ...defaultLimits, messageBytes: 100_000 },
  loopGuard: defaultLoopGuard,
  projects: [{ id: 'p', agents: [agent('a'), agent('b'), agent('c')], channels: [{ project: 'p', name: 'all', members: ['p:a', 'p:b', 'p:c'], wildcard: true }] }],
} as unknown as Team

let folder: string
let store: Store
let clock: Clock & { skip(ms: number): void }
let agents: Agents
let sessions: Sessions
let deliverer: Deliverer
let mailroom: Mailroom
const faults: unknown[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deliverer-'))
  let ahead = 0
  clock = { ...systemClock, now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead, skip: (ms) => void (ahead += ms) }
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  agents = new Agents(store, clock)
  sessions = new Sessions(() => {}, (address) => deliverer.wake(address))
  deliverer = new Deliverer({ store, clock, agents, sessions, team: () => theTeam, report: (_what, error) => faults.push(error) })
  mailroom = new Mailroom({ store, clock, attachments: attachmentsOf(folder, store, () => theTeam), chains: new Chains({ store, clock, agents, team: () => theTeam, show: () => {} }), bridges: () => [], team: () => theTeam })
  await deliverer.start()
})

afterEach(async () => {
  await deliverer.stop()
  await store.close()
  rmSync(folder, { recursive: true })
  expect(faults.splice(0)).toEqual([])
})

async function run(address: string, name: 'idle' | 'busy' | 'starting' = 'idle'): Promise<{ pen: Pen; incarnation: string }> {
  const pen = new Pen()
  const incarnation = uuid()
  sessions.open({ ...runtime, open: () => pen }, { agent: { address }, incarnation } as SessionContext)
  await agents.update(address, (state) => enter({ ...state, incarnation, wanted: 'running' }, { name }, { at: clock.now(), what: '', source: '' }))
  return { pen, incarnation }
}

async function phase(address: string, name: 'idle' | 'busy'): Promise<void> {
  await agents.update(address, (state) => enter(state, { name }, { at: clock.now(), what: '', source: '' }))
}

async function post(from: string, to: string, text: string, more: { priority?: 'urgent' | 'low'; key?: string } = {}) {
  const posted = await mailroom.post({ from, to, text, threadId: null, priority: more.priority ?? 'normal', key: more.key ?? null })
  for (const recipient of posted.recipients) deliverer.wake(recipient)
  return posted.message
}

const texts = (pen: Pen): string[] => pen.got.map(({ parcel }) => parcel.text.split('\n')[2] ?? '')
const stateOf = async (id: string, recipient: string) => await store.read((db) => db.deliveries.get(id, recipient))

async function proof(address: string, incarnation: string, id: string, kind: Proof = 'hook'): Promise<void> {
  await deliverer.proved(address, incarnation, id, kind, 'seen')
}

describe('delivery', () => {
  it('pushes to an idle agent, and is delivered only with proof', async () => {
    const { pen, incarnation } = await run('p:b')
    const message = await post('p:a', 'p:b', 'hello')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['hello']))
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', rung: 'push' })
    await proof('p:b', incarnation, message.id)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'hook', incarnation })
  })

  it('T18: an offer is no sign of life of whom it is made to', async () => {
    const { pen } = await run('p:b')
    const before = agents.get('p:b')
    pen.answer = () => ({ result: 'typed', what: 'pasted' })
    const message = await post('p:a', 'p:b', 'anybody there?')
    await vi.waitFor(async () => expect(await stateOf(message.id, 'p:b')).toMatchObject({ typed: true, attempts: 1 }))
    expect(agents.get('p:b')).toEqual(before)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', deliveredAt: null })
  })

  it('T19: a fault with one message holds up neither other mail nor other agents, and is tried again', async () => {
    clock.after = (ms, fn) => systemClock.after(ms / 50, fn)
    const [a, b, c] = [await run('p:a'), await run('p:b'), await run('p:c')].map(({ pen }) => pen) as [Pen, Pen, Pen]
    let fault = true
    for (const pen of [a, b, c]) {
      pen.deliver = async (rung, parcel) => {
        if (fault && parcel.text.includes('poison')) throw new Error('of its own kind')
        pen.got.push({ rung, parcel })
        return { result: 'taken', what: 'in the box' }
      }
    }
    await post('user', 'p:a', 'poison alone')
    await post('p:a', 'p:b', 'poison')
    await post('p:a', 'p:b', 'behind it')
    await post('p:c', 'p:b', 'of another')
    await post('user', 'p:c', 'to another')
    await vi.waitFor(() => expect([texts(b), texts(c)]).toEqual([['of another'], ['to another']]), { timeout: 30_000 })
    fault = false
    await vi.waitFor(() => expect([texts(a), texts(b)]).toEqual([['poison alone'], ['of another', 'poison', 'behind it']]), { timeout: 10_000 })
    expect(String(faults.splice(0)[0])).toContain('of its own kind')
  })

  it('T3: waits for a starting agent and for one that is gone, and comes through', async () => {
    const message = await post('p:a', 'p:b', 'early')
    await vi.waitFor(() => expect(deliverer.waitingFor(message.id, 'p:b')).toContain('to run'))
    const { pen } = await run('p:b', 'starting')
    await phase('p:b', 'idle')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['early']))
  })

  it('keeps the order of each sender, and does not hold up others', async () => {
    const { pen } = await run('p:b', 'busy')
    await post('p:a', 'p:b', 'later', { priority: 'low' })
    await post('p:a', 'p:b', 'behind it')
    await post('user', 'p:b', 'mine')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['mine']))
    await phase('p:b', 'idle')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['mine', 'later', 'behind it']))
  })

  it('T5: shows again what has no proof, with the same id, and only once it is idle', async () => {
    const { pen, incarnation } = await run('p:b')
    const message = await post('p:a', 'p:b', 'lost?')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    clock.skip(20_000)
    deliverer.wake('p:b')
    await vi.waitFor(() => expect(pen.got).toHaveLength(2))
    expect(pen.got[1]?.parcel).toMatchObject({ id: message.id, marker: message.id })
    expect(pen.got[1]?.parcel.text).toContain('shown again')
    await proof('p:b', incarnation, message.id)
    clock.skip(60_000)
    deliverer.wake('p:b')
    await post('p:a', 'p:b', 'next')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['lost?', 'lost?', 'next']))
  })

  it('shows unacknowledged mail to the next incarnation, and acknowledged mail never again', async () => {
    const first = await run('p:b')
    const kept = await post('p:a', 'p:b', 'keep')
    const done = await post('p:a', 'p:b', 'done')
    await vi.waitFor(() => expect(first.pen.got).toHaveLength(2))
    await proof('p:b', first.incarnation, kept.id)
    await proof('p:b', first.incarnation, done.id)
    expect(await new Fetching(store, clock, deliverer, () => false).ack('p:b', first.incarnation, [done.id])).toBe(1)
    sessions.close(first.incarnation)
    const second = await run('p:b')
    await vi.waitFor(() => expect(texts(second.pen)).toEqual(['keep']))
    expect(await stateOf(kept.id, 'p:b')).toMatchObject({ state: 'delivered', incarnation: first.incarnation })
    await proof('p:b', second.incarnation, kept.id, 'record')
    expect(await stateOf(kept.id, 'p:b')).toMatchObject({ proof: 'record', incarnation: second.incarnation })
  })

  it('T6: a control message for one incarnation is dead for the next', async () => {
    const { incarnation } = await run('p:b')
    const control = { kind: 'stop' as const, incarnation: uuid() }
    const message = await store.write((tx) =>
      tx.messages.insert({ ...base(), to: 'p:b', text: 'stop', control }, ['p:b']),
    )
    deliverer.wake('p:b')
    await vi.waitFor(async () => expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'dead' }))
    const mine = await store.write((tx) => tx.messages.insert({ ...base(), to: 'p:b', text: 'mine', control: { kind: 'stop', incarnation } }, ['p:b']))
    deliverer.wake('p:b')
    await vi.waitFor(async () => expect(await stateOf(mine.id, 'p:b')).toMatchObject({ rung: 'paste' }))
  })

  it('tries the next rung when one refuses, and says why all of them did', async () => {
    const { pen } = await run('p:b')
    pen.answer = (rung) => (rung === 'paste' ? { result: 'refused', why: 'a draft stands there' } : { result: 'taken', what: '' })
    await post('user', 'p:b', 'through')
    await vi.waitFor(() => expect(pen.got.map(({ rung }) => rung)).toEqual(['push']))
    pen.answer = () => ({ result: 'refused', why: 'no socket' })
    const stuck = await post('user', 'p:b', 'stuck')
    await vi.waitFor(() => expect(deliverer.waitingFor(stuck.id, 'p:b')).toBe('paste: no socket; push: no socket'))
  })

  it('T3: tries again by itself after a try that went wrong, says so meanwhile, and passes a terminal that mangles pastes', async () => {
    const { pen } = await run('p:b')
    let broken = true
    pen.answer = (rung) => {
      if (rung === 'paste') throw new TroupeError('incompatible', 'this tmux does not paste text as it is given')
      if (broken) throw new Error('the terminal did not answer')
      return { result: 'taken', what: '' }
    }
    const message = await post('user', 'p:b', 'in spite of all')
    await vi.waitFor(() => expect(deliverer.waitingFor(message.id, 'p:b')).toMatch(/another try by push: the last one failed/))
    expect(faults.splice(0)).toEqual([new Error('the terminal did not answer')])
    broken = false
    await vi.waitFor(() => expect(pen.got.map(({ rung }) => rung)).toEqual(['push']), { timeout: 50_000 })
  })

  it('T3: an agent that was idle all the time gets what comes, and what a lost wake-up left lying', async () => {
    const { pen, incarnation } = await run('p:b')
    const one = await post('p:a', 'p:b', 'one')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['one']))
    await proof('p:b', incarnation, one.id)
    // Stored, and nobody was told of it: the daemon died in between.
    await mailroom.post({ from: 'p:a', to: 'p:b', text: 'two', threadId: null, priority: 'normal', key: null })
    await deliverer.stop()
    deliverer = new Deliverer({ store, clock, agents, sessions, team: () => theTeam, report: (_what, error) => faults.push(error) })
    await deliverer.start()
    await vi.waitFor(() => expect(texts(pen)).toEqual(['one', 'two']))
  })

  it('T3: what cannot be delivered any more says why, and what waits says for what', async () => {
    const message = await post('p:a', 'p:b', 'nobody there')
    expect(deliverer.waitingFor(message.id, 'p:b')).toBe('the agent to run (it is stopped)')
    await run('p:b', 'starting')
    await vi.waitFor(() => expect(deliverer.waitingFor(message.id, 'p:b')).toMatch(/ready|start/))
  })

  it('types once to an incarnation where nothing can prove it, also after a restart of the daemon', async () => {
    const { pen, incarnation } = await run('p:b')
    pen.answer = () => ({ result: 'typed', what: 'typed' })
    const message = await post('p:a', 'p:b', 'typed')
    await vi.waitFor(async () => expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', typed: true, incarnation }))
    clock.skip(60_000)
    await deliverer.stop()
    deliverer = new Deliverer({ store, clock, agents, sessions, team: () => theTeam, report: (_what, error) => faults.push(error) })
    await deliverer.start()
    await post('p:a', 'p:b', 'the next')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['typed', 'the next']))
  })

  it('brings mail to an agent that is adopted while it is idle', async () => {
    const { incarnation } = await run('p:b')
    sessions.close(incarnation)
    await post('p:a', 'p:b', 'waiting')
    const pen = new Pen()
    sessions.open({ ...runtime, open: () => pen }, { agent: { address: 'p:b' }, incarnation } as SessionContext)
    await vi.waitFor(() => expect(texts(pen)).toEqual(['waiting']))
  })

  it('counts a long body as delivered only once all of it was fetched', async () => {
    const { pen, incarnation } = await run('p:b')
    const message = await post('p:a', 'p:b', 'x'.repeat(20_000))
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    await proof('p:b', incarnation, message.id)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued' })
    await deliverer.delivered('p:b', incarnation, message.id, 'tool', 'fetched')
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool' })
  })
})

describe('fetching', () => {
  it('counts what an answer carried only with the next sign of life of the same incarnation', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation } = await run('p:b', 'busy')
    const message = await post('p:a', 'p:b', 'fetch me')
    fetching.hand('p:b', incarnation, [message.id], false)
    await fetching.confirm('p:b', uuid())
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued' })
    await fetching.confirm('p:b', incarnation)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool' })
    fetching.hand('p:b', incarnation, [message.id], true)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered' })
    await fetching.confirm('p:b', incarnation)
    expect([await stateOf(message.id, 'p:b'), deliverer.isOffered(message.id, 'p:b', incarnation)]).toMatchObject([{ state: 'acked' }, false])
  })

  it('waits in one request for what another one confirms, so that nothing is shown again', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation } = await run('p:b', 'busy')
    const messages = [await post('p:a', 'p:b', 'one'), await post('p:a', 'p:b', 'two')]
    fetching.hand('p:b', incarnation, messages.map(({ id }) => id), false)
    const first = fetching.confirm('p:b', incarnation)
    await fetching.confirm('p:b', incarnation)
    for (const { id } of messages) expect(await stateOf(id, 'p:b')).toMatchObject({ state: 'delivered' })
    await first
  })

  it('wakes a watcher for new mail, not for what this incarnation has', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation, pen } = await run('p:b', 'busy')
    pen.answer = () => ({ result: 'refused', why: 'no socket' })
    const old = await post('p:a', 'p:b', 'old')
    await deliverer.delivered('p:b', incarnation, old.id, 'hook', '')
    const watching = fetching.watch('p:b', incarnation, 30_000, new AbortController().signal)
    const fresh = await post('p:a', 'p:b', 'new')
    fetching.arrived('p:b')
    expect((await watching).map(({ message }) => message.id)).toEqual([fresh.id])
    expect((await fetching.open('p:b', 10)).map(({ message }) => message.id)).toEqual([old.id, fresh.id])
  })

  it('leaves what is on its way by a push to the push', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation, pen } = await run('p:b')
    await post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    expect(await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).toEqual([])
    clock.skip(20_000)
    expect(await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).toHaveLength(1)
  })

  it('shows nothing that a sender said after what is on its way by a push', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation, pen } = await run('p:b')
    const watch = async () => (await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).map(({ message }) => message.text)
    await post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    // Stored a moment ago: the deliverer has not looked at them yet.
    for (const from of ['p:a', 'user']) await mailroom.post({ from, to: 'p:b', text: `then ${from}`, threadId: null, priority: 'normal', key: null })
    expect(await watch()).toEqual(['then user'])
    clock.skip(20_000)
    expect(await watch()).toEqual(['pushed', 'then p:a', 'then user'])
  })

  it('pushes nothing to an agent whose own call waits for mail, and pushes once that call is over', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation, pen } = await run('p:b')
    const watch = (signal: AbortSignal) => fetching.watch('p:b', incarnation, 30_000, signal)
    const watching = watch(new AbortController().signal)
    const message = await post('p:a', 'p:b', 'fetched')
    fetching.arrived('p:b')
    expect((await watching).map(({ message: { id } }) => id)).toEqual([message.id])
    expect(pen.got).toEqual([])
    expect(deliverer.waitingFor(message.id, 'p:b')).toBe('proof that it arrived')
    await fetching.confirm('p:b', incarnation)
    expect(await stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool', rung: 'fetch' })

    const gone = new AbortController()
    const left = watch(gone.signal)
    const other = await post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(deliverer.waitingFor(other.id, 'p:b')).toContain('own call'))
    gone.abort()
    expect(await left).toEqual([])
    await vi.waitFor(() => expect(texts(pen)).toEqual(['pushed']))
  })

  it('wakes a watcher when the proof of a push is overdue: it gets the message after all', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const { incarnation, pen } = await run('p:b')
    await post('p:a', 'p:b', 'typed into the void')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    clock.skip(14_900)
    const shown = await fetching.watch('p:b', incarnation, 40_000, new AbortController().signal)
    expect(shown.map(({ message }) => message.text)).toEqual(['typed into the void'])
  })

  it('a watcher whose caller goes away comes back empty', async () => {
    const fetching = new Fetching(store, clock, deliverer, () => false)
    const gone = new AbortController()
    const watching = fetching.watch('p:c', uuid(), 30_000, gone.signal)
    gone.abort()
    expect(await watching).toEqual([])
  })
})

describe('the mailroom', () => {
  it('T1: refuses what may not be sent and makes no row', async () => {
    await expect(post('p:b', 'p:c', 'no')).rejects.toMatchObject({ code: 'denied' })
    await expect(post('p:a', 'p:bb', 'no')).rejects.toMatchObject({ code: 'unknown', hint: expect.stringContaining('p:b') })
    await expect(post('p:a', '#al', 'no')).rejects.toMatchObject({ code: 'unknown', hint: 'did you mean all?' })
    await expect(post('p:a', 'p:b', 'x'.repeat(100_001))).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('100000') })
    expect(await store.read((db) => db.messages.list({ limit: 10 }))).toEqual([])
  })

  it('a repeated key is the first message; the same key with other words is an error', async () => {
    const [one, two] = await Promise.all([post('p:a', 'p:b', 'once', { key: 'k' }), post('p:a', 'p:b', 'once', { key: 'k' })])
    expect(one.id).toBe(two.id)
    await expect(post('p:a', 'p:b', 'other', { key: 'k' })).rejects.toMatchObject({ code: 'conflict' })
    expect(await store.read((db) => db.messages.list({ limit: 10 }))).toHaveLength(1)
  })

  it('a channel message is acknowledged by each member for itself', async () => {
    const message = await post('user', '#all', 'all of you')
    const fetching = new Fetching(store, clock, deliverer, () => false)
    await fetching.ack('p:a', uuid(), [message.id])
    const states = await store.read((db) => db.deliveries.of(message.id))
    expect(states.map(({ recipient, state }) => [recipient, state]).toSorted()).toEqual([['p:a', 'acked'], ['p:b', 'queued'], ['p:c', 'queued']])
    expect(await fetching.ack('p:a', uuid(), [message.id])).toBe(0)
  })
})

function base() {
  return { id: uuid(), from: 'troupe', project: 'p', threadId: null, priority: 'normal' as const, trust: 'operator' as const, key: null, chain: '', hop: 0, taint: [], sentAt: clock.now() }
}
