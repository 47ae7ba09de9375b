import { v7 as uuid } from 'uuid'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { SessionContext } from '../core/runtime.ts'
import { carriers } from '../../test/fixtures/carriers.ts'
import { Pen, runtime } from '../../test/fixtures/pen.ts'
import { Fetching } from './fetching.ts'

const on = carriers()
const texts = (pen: Pen): string[] => pen.got.map(({ parcel }) => parcel.text.split('\n')[2] ?? '')

describe('delivery', () => {
  it('pushes to an idle agent, and is delivered only with proof', async () => {
    const { pen, incarnation } = await on.run('p:b')
    const message = await on.post('p:a', 'p:b', 'hello')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['hello']))
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', rung: 'push' })
    await on.proof('p:b', incarnation, message.id)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'hook', incarnation })
  })

  it('is delivered when it was proved, however late that is written: what the agent says meanwhile came after it', async () => {
    const { incarnation } = await on.run('p:b')
    const message = await on.post('p:a', 'p:b', 'hello')
    const at = on.clock.now() - 5_000
    await on.deliverer.proved('p:b', incarnation, message.id, 'hook', { at, what: 'taken' })
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', deliveredAt: at })
  })

  it('T18: an offer is no sign of life of whom it is made to', async () => {
    const { pen } = await on.run('p:b')
    const before = on.agents.get('p:b')
    pen.answer = () => ({ result: 'typed', what: 'pasted' })
    const message = await on.post('p:a', 'p:b', 'anybody there?')
    await vi.waitFor(async () => expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ typed: true, attempts: 1 }))
    expect(on.agents.get('p:b')).toEqual(before)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', deliveredAt: null })
  })

  it('T19: a fault with one message holds up neither other mail nor other agents, and is tried again', async () => {
    on.clock.after = (ms, fn) => systemClock.after(ms / 50, fn)
    const [a, b, c] = [await on.run('p:a'), await on.run('p:b'), await on.run('p:c')].map(({ pen }) => pen) as [Pen, Pen, Pen]
    let fault = true
    for (const pen of [a, b, c]) {
      pen.deliver = async (rung, parcel) => {
        if (fault && parcel.text.includes('poison')) throw new Error('of its own kind')
        pen.got.push({ rung, parcel })
        return { result: 'taken', what: 'in the box' }
      }
    }
    await on.post('user', 'p:a', 'poison alone')
    await on.post('p:a', 'p:b', 'poison')
    await on.post('p:a', 'p:b', 'behind it')
    await on.post('p:c', 'p:b', 'of another')
    await on.post('user', 'p:c', 'to another')
    await vi.waitFor(() => expect([texts(b), texts(c)]).toEqual([['of another'], ['to another']]), { timeout: 30_000 })
    fault = false
    await vi.waitFor(() => expect([texts(a), texts(b)]).toEqual([['poison alone'], ['of another', 'poison', 'behind it']]), { timeout: 10_000 })
    expect(String(on.faults.splice(0)[0])).toContain('of its own kind')
  })

  it('tries what was refused again in its time, however long the proof of another message may take', async () => {
    const due = new Set<number>()
    let over = false
    on.clock.after = (ms) => {
      due.add(ms)
      return () => void (over || due.delete(ms))
    }
    const { pen } = await on.run('p:b')
    pen.deliver = async (_rung, { text }) => (text.includes('not now') ? { result: 'refused', why: 'a dialog' } : { result: 'taken', what: 'in the box' })
    await on.mailroom.post({ from: 'p:a', to: 'p:b', text: 'not now', threadId: null, priority: 'normal', key: null })
    const { message } = await on.mailroom.post({ from: 'user', to: 'p:b', text: 'all right', threadId: null, priority: 'normal', key: null })
    on.deliverer.wake('p:b')
    await vi.waitFor(async () => expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ attempts: 1 }))
    // Behind the write that noted it, and what follows from that.
    await on.phase('p:c', 'busy')
    over = true
    await on.deliverer.stop()
    expect([...due]).toContain(2_000)
  })

  it('T3: waits for a starting agent and for one that is gone, and comes through', async () => {
    const message = await on.post('p:a', 'p:b', 'early')
    await vi.waitFor(() => expect(on.deliverer.waitingFor(message.id, 'p:b')).toContain('to run'))
    const { pen } = await on.run('p:b', 'starting')
    await on.phase('p:b', 'idle')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['early']))
  })

  it('keeps the order of each sender, and does not hold up others', async () => {
    const { pen } = await on.run('p:b', 'busy')
    await on.post('p:a', 'p:b', 'later', { priority: 'low' })
    await on.post('p:a', 'p:b', 'behind it')
    await on.post('user', 'p:b', 'mine')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['mine']))
    await on.phase('p:b', 'idle')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['mine', 'later', 'behind it']))
  })

  it('T5: shows again what has no proof, with the same id, and only once it is idle', async () => {
    const { pen, incarnation } = await on.run('p:b')
    const message = await on.post('p:a', 'p:b', 'lost?')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    on.clock.skip(20_000)
    on.deliverer.wake('p:b')
    await vi.waitFor(() => expect(pen.got).toHaveLength(2))
    expect(pen.got[1]?.parcel).toMatchObject({ id: message.id, marker: message.id })
    expect(pen.got[1]?.parcel.text).toContain('shown again')
    await on.proof('p:b', incarnation, message.id)
    on.clock.skip(60_000)
    on.deliverer.wake('p:b')
    await on.post('p:a', 'p:b', 'next')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['lost?', 'lost?', 'next']))
  })

  it('says of mail that was given again and again without proof that only the agent can fetch it now', async () => {
    const { pen } = await on.run('p:b')
    const message = await on.post('p:a', 'p:b', 'nobody there?')
    for (const times of [1, 2, 3, 4]) {
      await vi.waitFor(() => expect(pen.got).toHaveLength(times), { timeout: 30_000 })
      await vi.waitFor(async () => expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ attempts: times }), { timeout: 30_000 })
      on.clock.skip(20_000)
      on.deliverer.wake('p:b')
    }
    await vi.waitFor(() => expect(on.deliverer.waitingFor(message.id, 'p:b')).toContain('the agent to fetch it'), { timeout: 30_000 })
    expect(pen.got).toHaveLength(4)
  })

  it('shows unacknowledged mail to the next incarnation, and acknowledged mail never again', async () => {
    const first = await on.run('p:b')
    const kept = await on.post('p:a', 'p:b', 'keep')
    const done = await on.post('p:a', 'p:b', 'done')
    await vi.waitFor(() => expect(first.pen.got).toHaveLength(2))
    await on.proof('p:b', first.incarnation, kept.id)
    await on.proof('p:b', first.incarnation, done.id)
    expect(await new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false).ack('p:b', first.incarnation, [done.id])).toBe(1)
    on.sessions.close(first.incarnation)
    const second = await on.run('p:b')
    await vi.waitFor(() => expect(texts(second.pen)).toEqual(['keep']))
    expect(await on.stateOf(kept.id, 'p:b')).toMatchObject({ state: 'delivered', incarnation: first.incarnation })
    await on.proof('p:b', second.incarnation, kept.id, 'record')
    expect(await on.stateOf(kept.id, 'p:b')).toMatchObject({ proof: 'record', incarnation: second.incarnation })
  })

  it('T6: a control message for one incarnation is dead for the next', async () => {
    const { incarnation } = await on.run('p:b')
    const control = { kind: 'stop' as const, incarnation: uuid() }
    const message = await on.store.write((tx) =>
      tx.messages.insert({ ...base(), to: 'p:b', text: 'stop', control }, ['p:b']),
    )
    on.deliverer.wake('p:b')
    await vi.waitFor(async () => expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'dead' }))
    const mine = await on.store.write((tx) => tx.messages.insert({ ...base(), to: 'p:b', text: 'mine', control: { kind: 'stop', incarnation } }, ['p:b']))
    on.deliverer.wake('p:b')
    await vi.waitFor(async () => expect(await on.stateOf(mine.id, 'p:b')).toMatchObject({ rung: 'paste' }))
  })

  it('tries the next rung when one refuses, and says why all of them did', async () => {
    const { pen } = await on.run('p:b')
    pen.answer = (rung) => (rung === 'paste' ? { result: 'refused', why: 'a draft stands there' } : { result: 'taken', what: '' })
    await on.post('user', 'p:b', 'through')
    await vi.waitFor(() => expect(pen.got.map(({ rung }) => rung)).toEqual(['push']))
    pen.answer = () => ({ result: 'refused', why: 'no socket' })
    const stuck = await on.post('user', 'p:b', 'stuck')
    await vi.waitFor(() => expect(on.deliverer.waitingFor(stuck.id, 'p:b')).toBe('paste: no socket; push: no socket'))
  })

  it('T3: tries again by itself after a try that went wrong, says so meanwhile, and passes a terminal that mangles pastes', async () => {
    const { pen } = await on.run('p:b')
    let broken = true
    pen.answer = (rung) => {
      if (rung === 'paste') throw new TroupeError('incompatible', 'this tmux does not paste text as it is given')
      if (broken) throw new Error('the terminal did not answer')
      return { result: 'taken', what: '' }
    }
    const message = await on.post('user', 'p:b', 'in spite of all')
    await vi.waitFor(() => expect(on.deliverer.waitingFor(message.id, 'p:b')).toMatch(/another try by push: the last one failed/))
    expect(on.faults.splice(0)).toEqual([new Error('the terminal did not answer')])
    broken = false
    await vi.waitFor(() => expect(pen.got.map(({ rung }) => rung)).toEqual(['push']), { timeout: 50_000 })
  })

  it('T3: an agent that was idle all the time gets what comes, and what a lost wake-up left lying', async () => {
    const { pen, incarnation } = await on.run('p:b')
    const one = await on.post('p:a', 'p:b', 'one')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['one']))
    await on.proof('p:b', incarnation, one.id)
    // Stored, and nobody was told of it: the daemon died in between.
    await on.mailroom.post({ from: 'p:a', to: 'p:b', text: 'two', threadId: null, priority: 'normal', key: null })
    await on.deliverer.stop()
    await on.newDeliverer()
    await vi.waitFor(() => expect(texts(pen)).toEqual(['one', 'two']))
  })

  it('T3: what cannot be delivered any more says why, and what waits says for what', async () => {
    const message = await on.post('p:a', 'p:b', 'nobody there')
    expect(on.deliverer.waitingFor(message.id, 'p:b')).toBe('the agent to run (it is stopped)')
    await on.run('p:b', 'starting')
    await vi.waitFor(() => expect(on.deliverer.waitingFor(message.id, 'p:b')).toMatch(/ready|start/))
  })

  it('types once to an incarnation where nothing can prove it, also after a restart of the daemon', async () => {
    const { pen, incarnation } = await on.run('p:b')
    pen.answer = () => ({ result: 'typed', what: 'typed' })
    const message = await on.post('p:a', 'p:b', 'typed')
    await vi.waitFor(async () => expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued', typed: true, incarnation }))
    on.clock.skip(60_000)
    await on.deliverer.stop()
    await on.newDeliverer()
    await on.post('p:a', 'p:b', 'the next')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['typed', 'the next']))
  })

  it('brings mail to an agent that is adopted while it is idle', async () => {
    const { incarnation } = await on.run('p:b')
    on.sessions.close(incarnation)
    await on.post('p:a', 'p:b', 'waiting')
    const pen = new Pen()
    on.sessions.open({ ...runtime, open: () => pen }, { agent: { address: 'p:b' }, incarnation } as SessionContext)
    await vi.waitFor(() => expect(texts(pen)).toEqual(['waiting']))
  })

  it('counts a long body as delivered only once all of it was fetched', async () => {
    const { pen, incarnation } = await on.run('p:b')
    const message = await on.post('p:a', 'p:b', 'x'.repeat(20_000))
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    await on.proof('p:b', incarnation, message.id)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued' })
    await on.deliverer.delivered('p:b', incarnation, message.id, 'tool', { at: 0, what: 'fetched' })
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool' })
  })
})

function base() {
  return { id: uuid(), from: 'troupe', project: 'p', threadId: null, priority: 'normal' as const, trust: 'operator' as const, key: null, chain: '', hop: 0, taint: [], sentAt: on.clock.now() }
}
