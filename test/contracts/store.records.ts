import { expect, it } from 'vitest'
import type { Approval } from '../../src/core/approval.ts'
import type { LimitHit } from '../../src/core/limit-hit.ts'
import type { Outgoing } from '../../src/core/outbox.ts'
import type { AgentState } from '../../src/core/phase.ts'
import { noRestarts } from '../../src/core/restart.ts'
import type { UsageRecord } from '../../src/core/runtime.ts'
import type { Incarnation, UsageReader } from '../../src/store/store.ts'
import type { Bench } from './store.ts'
import { send } from './store.ts'
import type { KeptWorktree } from '../../src/core/worktree.ts'

const agent: AgentState = {
  address: 'p:a',
  wanted: 'running',
  phase: { name: 'waiting', what: 'a permission' },
  since: 5,
  evidence: [{ at: 5, what: 'asked\0', source: 'hook' }],
  incarnation: 'i1',
  restarts: { count: 2, failures: [1, 2], streak: 1 },
  session: 's1',
}

const incarnation: Incarnation = {
  id: 'i1',
  agent: 'p:a',
  tokenHash: 'h1',
  pane: null,
  pid: null,
  session: null,
  startedAt: 1_760_000_000_000,
  ended: null,
}

export function recordsContract(bench: Bench): void {
  it('keeps the state of agents', async () => {
    await bench.store.write((tx) => tx.agents.put({ ...agent, address: 'p:b' }))
    await bench.store.write((tx) => tx.agents.put({ ...agent, wanted: 'stopped', restarts: noRestarts }))
    await bench.store.write((tx) => tx.agents.put(agent))
    expect(await bench.store.read((db) => db.agents.get('p:a'))).toEqual(agent)
    await bench.store.write((tx) => tx.agents.remove('p:b'))
    expect(await bench.store.read((db) => db.agents.all())).toEqual([agent])
    expect(await bench.store.read((db) => db.agents.get('p:b'))).toBeUndefined()
  })

  it('keeps incarnations after their end, and their tokens until then', async () => {
    await bench.store.write((tx) => tx.incarnations.insert(incarnation))
    await bench.store.write((tx) => tx.incarnations.update('i1', { pane: '%4', pid: 77, session: 's' }))
    const live = { ...incarnation, pane: '%4', pid: 77, session: 's' }
    expect(await bench.store.read((db) => db.incarnations.byToken('h1'))).toEqual(live)
    expect(await bench.store.read((db) => db.incarnations.live())).toEqual([live])
    const ended = { code: null, signal: 'SIGKILL', endedAt: 9, failure: { class: 'crash', why: 'boom', until: null } } as const
    await bench.store.write((tx) => tx.incarnations.update('i1', { ended }))
    expect(await bench.store.read((db) => db.incarnations.byToken('h1'))).toBeUndefined()
    expect(await bench.store.read((db) => db.incarnations.live())).toEqual([])
    expect(await bench.store.read((db) => db.incarnations.get('i1'))).toEqual({ ...live, ended })
  })

  it('counts a model call once, with what it cost and what it was for', async () => {
    const tokens = { input: 3_000_000_000, output: 2, cacheRead: 3, cacheWrite: 4 }
    const record = { key: 'r1', at: 1, model: 'm', tokens }
    const put = (who: string, run: string, usage: UsageRecord, cost: number | null, chain: string | null = null) =>
      bench.store.write((tx) => tx.usage.put(who, run, usage, { cost, chain }))
    expect(await put('p:a', 'i1', record, 10, 'c1')).toBe('none')
    expect(await put('p:a', 'i2', record, 99, 'c2')).toBeNull()
    // T25: totals that grow are one call, the last of them counts.
    expect(await put('p:a', 'i2', { ...record, tokens: { ...tokens, output: 5 } }, 25)).toEqual({ at: 1, incarnation: 'i1', cost: 10 })
    expect(await put('p:a', 'i2', { ...record, key: 'r2', at: 5, tokens: { ...tokens, cacheWriteLong: 4 } }, null)).toBe('none')
    expect(await put('p:b', 'i3', record, 3_000_000_000_000, 'c1')).toBe('none')
    expect(await put('pp:a', 'i4', { ...record, at: 7 }, 1)).toBe('none')
    const total = { model: 'm', chain: null, tokens, calls: 1, unpriced: 0 }
    const a = { ...total, agent: 'p:a', tokens: { input: 6_000_000_000, output: 7, cacheRead: 6, cacheWrite: 8 }, calls: 2, cost: 25, unpriced: 1 }
    const b = { ...total, agent: 'p:b', cost: 3_000_000_000_000 }
    const totals = async (...filter: Parameters<UsageReader['totals']>) => await bench.store.read((db) => db.usage.totals(...filter))
    expect(await totals()).toEqual([a, b, { ...total, agent: 'pp:a', cost: 1 }])
    expect(await totals({ project: 'p' })).toEqual([a, b])
    expect(await totals({ chain: 'c1' }, 'chain')).toEqual([{ ...total, agent: 'p:a', chain: 'c1', tokens: { ...tokens, output: 5 }, cost: 25 }, { ...b, chain: 'c1' }])
    expect(await totals({ since: 5, agent: 'p:a', model: 'm' })).toMatchObject([{ calls: 1, cost: 0, unpriced: 1 }])
    expect((await totals({ since: 1, until: 5 })).map(({ agent: who }) => who)).toEqual(['p:a', 'p:b'])
    const sums = async (of: Parameters<UsageReader['sums']>[0]) => (await bench.store.read((db) => db.usage.sums(of))).toSorted((x, y) => (x.incarnation < y.incarnation ? -1 : 1))
    expect(await sums({ since: 5 })).toEqual([{ agent: 'p:a', incarnation: 'i2', nano: 0, unpriced: 1 }, { agent: 'pp:a', incarnation: 'i4', nano: 1, unpriced: 0 }])
    expect(await sums({ incarnations: ['i1'] })).toEqual([{ agent: 'p:a', incarnation: 'i1', nano: 25, unpriced: 0 }])
    expect(await sums({ incarnations: [] })).toEqual([])
    expect(await bench.store.read((db) => db.usage.unpricedModels(0))).toEqual(['m'])
    const [open] = await bench.store.read((db) => db.usage.unpriced(0, 'm'))
    expect(open).toEqual({ agent: 'p:a', key: 'r2', at: 5, model: 'm', tokens: { ...tokens, cacheWriteLong: 4 } })
    await bench.store.write((tx) => tx.usage.price(open!, 7))
    expect(await totals({ since: 5, agent: 'p:a' })).toMatchObject([{ cost: 7, unpriced: 0 }])
  })

  it('keeps settings as JSON', async () => {
    const value = { b: [1, null, '\0'], a: { nested: true } }
    await bench.store.write((tx) => tx.settings.put('k', 'first'))
    await bench.store.write((tx) => tx.settings.put('k', value))
    expect(await bench.store.read((db) => db.settings.get('k'))).toEqual(value)
    expect(await bench.store.read((db) => db.settings.get('never'))).toBeUndefined()
    await expect(bench.store.write((tx) => tx.settings.put('k', undefined))).rejects.toMatchObject({ code: 'internal' })
  })

  it('keeps bridges, each closed once, and what came over them', async () => {
    const { store } = bench
    await store.write((tx) => send(tx, { from: 'p:m', to: 'q:m', threadId: 'bridge:1' }, ['q:m']))
    const draft = { id: 'b1', a: 'p:m', b: 'q:m', topic: 't · \u{1F309}', oneWay: true, openedBy: 'user', openedAt: 5, expiresAt: 10, closedAt: null, closedBy: null }
    const first = await store.write((tx) => tx.bridges.insert(draft))
    expect(first).toEqual({ ...draft, n: 1, after: 1 })
    const second = await store.write((tx) => tx.bridges.insert({ ...draft, id: 'b2', oneWay: false }))
    expect(await store.read(async ({ bridges }) => [await bridges.get('b1'), await bridges.byN(1), await bridges.byN(3)])).toEqual([first, first, undefined])
    expect(await store.read((db) => db.bridges.list(9))).toEqual([second, first])
    expect(await store.write((tx) => tx.bridges.close('b1', 7, 'user'))).toBe(true)
    expect(await store.write((tx) => tx.bridges.close('b1', 8, 'expiry'))).toBe(false)
    expect(await store.read((db) => db.bridges.get('b1'))).toMatchObject({ closedAt: 7, closedBy: 'user' })
    expect(await store.read((db) => db.bridges.open())).toEqual([second])
    for (const [from, to, threadId] of [['p:m', 'q:m', 'bridge:1'], ['q:m', 'p:m', 'bridge:1'], ['p:m', 'q:m', 'bridge:2'], ['p:x', 'p:m', 'bridge:1'], ['user', 'q:m', 'bridge:1']] as const) {
      await store.write((tx) => send(tx, { from, to, threadId, text: `${from} ${to}` }, [to]))
    }
    expect((await store.read((db) => db.bridges.log(first))).map(({ text }) => text)).toEqual(['p:m q:m', 'q:m p:m'])
  })

  it('keeps what goes to people in order and once, until it is done with', async () => {
    const { store } = bench
    const draft: Outgoing = {
      id: 'o1', key: 'k1', gateway: 'g', chat: '42', content: { kind: 'text', text: 'a\0\u{1F309}', format: 'plain', replyTo: null, buttons: [{ label: 'x', data: 'y' }] },
      urgency: 'approval', approval: 'a1', nonce: 'n', message: 'm1', state: 'queued', parts: 0, platformId: null, attempts: 0, reason: null, createdAt: 1_760_000_000_000, sentAt: null,
    }
    expect(await store.write((tx) => tx.outbox.insert({ ...draft, id: 'o2', key: 'k2' }))).toBe(true)
    expect(await store.write((tx) => tx.outbox.insert(draft))).toBe(true)
    expect(await store.write((tx) => tx.outbox.insert({ ...draft, id: 'o3' }))).toBe(false)
    expect(await store.write((tx) => tx.outbox.insert({ ...draft, id: 'o4', key: 'k4', gateway: 'h', approval: null, message: null }))).toBe(true)
    const second = { ...draft, id: 'o2', key: 'k2' }
    const ids = (rows: Outgoing[]) => rows.map(({ id }) => id)
    expect(await store.read((db) => db.outbox.queued('g', 9))).toEqual([draft, second])
    expect(await store.read((db) => db.outbox.counts())).toEqual({ g: 2, h: 1 })
    const sent = { state: 'sent', parts: 2, platformId: '77', attempts: 1, reason: 'later', sentAt: 1_760_000_000_001 } as const
    await store.write((tx) => tx.outbox.update('o1', sent))
    await store.write((tx) => tx.outbox.update('o2', { nonce: null }))
    expect(await store.read((db) => db.outbox.get('o1'))).toEqual({ ...draft, ...sent })
    expect(await store.read((db) => db.outbox.byKey('k2'))).toEqual({ ...second, nonce: null })
    expect(ids(await store.read((db) => db.outbox.queued('g', 9)))).toEqual(['o2'])
    expect(ids(await store.read((db) => db.outbox.ofApproval('a1')))).toEqual(['o1', 'o2'])
    expect(ids(await store.read((db) => db.outbox.ofMessages(['m1', 'm2'])))).toEqual(['o1', 'o2'])
    expect(await store.read((db) => db.outbox.ofMessages([]))).toEqual([])
    expect(await store.write((tx) => tx.outbox.prune(1_760_000_000_000))).toBe(0)
    expect(await store.write((tx) => tx.outbox.prune(1_760_000_000_001))).toBe(1)
    expect(await store.read((db) => db.outbox.get('o1'))).toBeUndefined()
  })

  it('takes a nonce once, until it is old', async () => {
    const use = (gateway: string, nonce: string, at: number, forgetBefore: number) => bench.store.write((tx) => tx.nonces.use(gateway, nonce, at, forgetBefore))
    expect([await use('g', 'n', 5, 0), await use('g', 'n', 6, 0), await use('h', 'n', 6, 0), await use('g', 'n', 7, 6)]).toEqual([true, false, true, true])
  })

  it('finds what a person wrote outside by its id there', async () => {
    const outside = { gateway: 'g', type: 'telegram', chat: '42', message: '7', user: '42', name: 'Ann' }
    for (const text of ['first', 'second']) await bench.store.write((tx) => send(tx, { from: 'user', to: 'p:b', text, outside }, ['p:b']))
    expect(await bench.store.read((db) => db.messages.byOutside('p:b', '7'))).toMatchObject({ text: 'second', outside })
    expect(await bench.store.read((db) => db.messages.byOutside('p:a', '7'))).toBeUndefined()
    expect(await bench.store.read((db) => db.messages.byOutside('p:b', '8'))).toBeUndefined()
  })

  it('tells what taints a conversation, over the runs that carry it on', async () => {
    const { store } = bench
    const run = (id: string, session: string | null) => store.write((tx) => tx.incarnations.insert({ id, agent: 'p:b', tokenHash: `hash ${id}`, pane: null, pid: null, session, startedAt: 1, ended: null }))
    for (const [id, session] of [['i1', 's1'], ['i2', 's1'], ['i3', 's2'], ['i4', null]] as const) await run(id, session)
    const told = async (taint: string[], by: string) => {
      const { id } = await store.write((tx) => send(tx, { taint }))
      await store.write((tx) => tx.deliveries.update(id, 'p:b', ['queued'], { state: 'acked', incarnation: by, deliveredAt: 2 }))
    }
    await told(['bridge:1', 'bridge:2'], 'i1')
    await told([], 'i2')
    await told(['bridge:3'], 'i4')
    const taints = (id: string) => store.read((db) => db.deliveries.taints('p:b', id))
    expect([await taints('i2'), await taints('i3'), await taints('i4')]).toEqual([['bridge:1', 'bridge:2'], [], ['bridge:3']])
  })

  it('keeps approvals, one open for each deed, and changes one only from the state it is known in', async () => {
    const asked: Omit<Approval, 'n'> = {
      id: 'a1', agent: 'p:a', project: 'p', action: 'publish', scope: null, summary: 'git push', exact: '{"tool":"Bash"}', hash: 'h', origin: 'held', status: 'pending',
      requestedAt: 1, expiresAt: 1_760_000_000_000, decidedAt: null, decidedBy: null, note: null, usedAt: null, told: false, taint: [],
    }
    const first = await bench.store.write((tx) => tx.approvals.insert(asked))
    expect(first).toEqual({ ...asked, n: 1 })
    await expect(bench.store.write((tx) => tx.approvals.insert({ ...asked, id: 'a2' }))).rejects.toThrow()
    const other = await bench.store.write((tx) => tx.approvals.insert({ ...asked, id: 'a3', hash: 'h3', agent: 'p:b', expiresAt: 9, taint: ['bridge:1', 'web'] }))
    expect(await bench.store.read(async ({ approvals }) => [await approvals.open('h'), await approvals.get('a1'), await approvals.byN(1)])).toEqual([first, first, first])
    expect(await bench.store.read((db) => db.approvals.nextDue())).toBe(9)
    expect(await bench.store.read((db) => db.approvals.due(9))).toEqual([other])

    const denied: Approval = { ...first, status: 'denied', decidedAt: 3, decidedBy: 'user', note: 'no\0' }
    expect(await bench.store.write((tx) => tx.approvals.update('pending', denied))).toBe(true)
    expect(await bench.store.write((tx) => tx.approvals.update('pending', { ...first, status: 'approved' }))).toBe(false)
    expect(await bench.store.read((db) => db.approvals.untold())).toEqual([denied])
    expect(await bench.store.read((db) => db.approvals.list({ pending: true, limit: 5 }))).toEqual([other])
    expect(await bench.store.read((db) => db.approvals.list({ pending: false, limit: 5 }))).toEqual([other, denied])
    expect(await bench.store.read((db) => db.approvals.list({ pending: false, agent: 'p:a', limit: 5 }))).toEqual([denied])
    const again = await bench.store.write((tx) => tx.approvals.insert({ ...asked, id: 'a4' }))
    expect(await bench.store.read((db) => db.approvals.open('h'))).toEqual(again)
    await bench.store.write((tx) => tx.approvals.update('denied', { ...denied, told: true }))
    expect(await bench.store.read((db) => db.approvals.untold())).toEqual([])
  })

  it('keeps the limits that agents ran into, and finds those with something left to do', async () => {
    const hit: LimitHit = {
      id: 'h1', agent: 'p:a', project: 'p', runtime: 'r', incarnation: null, at: 1_760_000_000_000, resetsAt: null, until: null, raw: 'limit\0',
      hooks: [{ name: 'wait', action: 'wait', state: { is: 'due' }, attempts: 0 }],
    }
    const later: LimitHit = { ...hit, id: 'h2', at: hit.at + 1, resetsAt: hit.at + 9, until: hit.at + 10 }
    for (const each of [hit, later]) await bench.store.write((tx) => tx.limitHits.put(each))
    expect(await bench.store.read(({ limitHits }) => limitHits.open())).toEqual([hit, later])
    const over: LimitHit = { ...hit, hooks: [{ name: 'wait', action: 'wait', state: { is: 'done', at: 3, what: 'over' }, attempts: 1 }] }
    await bench.store.write((tx) => tx.limitHits.put(over))
    expect(await bench.store.read(async ({ limitHits }) => [await limitHits.open(), await limitHits.get('h1'), await limitHits.get('h3')])).toEqual([[later], over, undefined])
    expect(await bench.store.read(async ({ limitHits }) => [await limitHits.recent('p:a', 9), await limitHits.recent('p:a', 1), await limitHits.recent('p:b', 1)])).toEqual([[later, over], [later], []])
  })

  it('keeps worktrees by their folder, until they are removed', async () => {
    const one: KeptWorktree = { path: '/w/b', agent: 'p:a', repository: '/r', branch: 'troupe/t/a', base: 'c0', state: 'making', madeAt: 1_760_000_000_000 }
    const other: KeptWorktree = { ...one, path: '/w/a', agent: 'p:b', state: 'made' }
    for (const each of [one, other, { ...one, state: 'removing' as const }]) await bench.store.write((tx) => tx.worktrees.put(each))
    expect(await bench.store.read(({ worktrees }) => worktrees.all())).toEqual([other, { ...one, state: 'removing' }])
    await bench.store.write((tx) => tx.worktrees.remove('/w/b'))
    expect(await bench.store.read(async ({ worktrees }) => [await worktrees.get('/w/a'), await worktrees.get('/w/b')])).toEqual([other, undefined])
  })

  it('has everything after it was closed and opened again', async () => {
    await bench.store.write((tx) => tx.agents.put(agent))
    await bench.store.close()
    expect(await (await bench.reopen()).read((db) => db.agents.all())).toEqual([agent])
  })
}
