import { v7 as uuid } from 'uuid'
import { describe, expect, it, vi } from 'vitest'
import { carriers } from '../../test/fixtures/carriers.ts'
import type { Pen } from '../../test/fixtures/pen.ts'
import { Fetching } from './fetching.ts'

const on = carriers()
const texts = (pen: Pen): string[] => pen.got.map(({ parcel }) => parcel.text.split('\n')[2] ?? '')

describe('fetching', () => {
  it('counts what an answer carried only with the next sign of life of the same incarnation', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation } = await on.run('p:b', 'busy')
    const message = await on.post('p:a', 'p:b', 'fetch me')
    fetching.hand('p:b', incarnation, [message.id], false)
    await fetching.confirm('p:b', uuid())
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'queued' })
    await fetching.confirm('p:b', incarnation)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool' })
    fetching.hand('p:b', incarnation, [message.id], true)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered' })
    await fetching.confirm('p:b', incarnation)
    expect([await on.stateOf(message.id, 'p:b'), on.offers.isOffered(message.id, 'p:b', incarnation)]).toMatchObject([{ state: 'acked' }, false])
  })

  it('tells by which way that came which its reader was done with before that way said so', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b', 'busy')
    const { promise: taken, resolve } = Promise.withResolvers<void>()
    const deliver = pen.deliver.bind(pen)
    pen.deliver = async (rung, parcel) => {
      const attempt = await deliver(rung, parcel)
      await taken
      return attempt
    }
    const message = await on.post('p:a', 'p:b', 'quick')
    await vi.waitFor(() => expect(texts(pen)).toEqual(['quick']))
    await fetching.ack('p:b', incarnation, [message.id])
    resolve()
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'acked', rung: 'push', incarnation })
    const events = await on.store.read((db) => db.events.recent({ type: 'delivery', limit: 10 }))
    expect(events.at(-1)).toMatchObject({ type: 'delivery.acked', data: { unseen: true, rung: 'push' } })
  })

  it('waits in one request for what another one confirms, so that nothing is shown again', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation } = await on.run('p:b', 'busy')
    const messages = [await on.post('p:a', 'p:b', 'one'), await on.post('p:a', 'p:b', 'two')]
    fetching.hand('p:b', incarnation, messages.map(({ id }) => id), false)
    const first = fetching.confirm('p:b', incarnation)
    await fetching.confirm('p:b', incarnation)
    for (const { id } of messages) expect(await on.stateOf(id, 'p:b')).toMatchObject({ state: 'delivered' })
    await first
  })

  it('wakes a watcher for new mail, not for what this incarnation has', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b', 'busy')
    pen.answer = () => ({ result: 'refused', why: 'no socket' })
    const old = await on.post('p:a', 'p:b', 'old')
    await on.deliverer.delivered('p:b', incarnation, old.id, 'hook', { at: 0, what: '' })
    const watching = fetching.watch('p:b', incarnation, 30_000, new AbortController().signal)
    const fresh = await on.post('p:a', 'p:b', 'new')
    fetching.arrived('p:b')
    expect((await watching).map(({ message }) => message.id)).toEqual([fresh.id])
    expect((await fetching.open('p:b', 10)).map(({ message }) => message.id)).toEqual([old.id, fresh.id])
  })

  it('leaves what is on its way by a push to the push', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b')
    await on.post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    expect(await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).toEqual([])
    on.clock.skip(20_000)
    expect(await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).toHaveLength(1)
  })

  it('shows nothing that a sender said after what is on its way by a push', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b')
    const watch = async () => (await fetching.watch('p:b', incarnation, 0, new AbortController().signal)).map(({ message }) => message.text)
    await on.post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    // Stored a moment ago: the deliverer has not looked at them yet.
    for (const from of ['p:a', 'user']) await on.mailroom.post({ from, to: 'p:b', text: `then ${from}`, threadId: null, priority: 'normal', key: null })
    expect(await watch()).toEqual(['then user'])
    on.clock.skip(20_000)
    expect(await watch()).toEqual(['pushed', 'then p:a', 'then user'])
  })

  it('pushes nothing to an agent whose own call waits for mail, and pushes once that call is over', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b')
    const watch = (signal: AbortSignal) => fetching.watch('p:b', incarnation, 30_000, signal)
    const watching = watch(new AbortController().signal)
    const message = await on.post('p:a', 'p:b', 'fetched')
    fetching.arrived('p:b')
    expect((await watching).map(({ message: { id } }) => id)).toEqual([message.id])
    expect(pen.got).toEqual([])
    expect(on.deliverer.waitingFor(message.id, 'p:b')).toBe('proof that it arrived')
    await fetching.confirm('p:b', incarnation)
    expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered', proof: 'tool', rung: 'fetch' })

    const gone = new AbortController()
    const left = watch(gone.signal)
    const other = await on.post('p:a', 'p:b', 'pushed')
    await vi.waitFor(() => expect(on.deliverer.waitingFor(other.id, 'p:b')).toContain('own call'))
    gone.abort()
    expect(await left).toEqual([])
    await vi.waitFor(() => expect(texts(pen)).toEqual(['pushed']))
  })

  it('wakes a watcher when the proof of a push is overdue: it gets the message after all', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const { incarnation, pen } = await on.run('p:b')
    await on.post('p:a', 'p:b', 'typed into the void')
    await vi.waitFor(() => expect(pen.got).toHaveLength(1))
    on.clock.skip(14_900)
    const shown = await fetching.watch('p:b', incarnation, 40_000, new AbortController().signal)
    expect(shown.map(({ message }) => message.text)).toEqual(['typed into the void'])
  })

  it('a watcher whose caller goes away comes back empty', async () => {
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    const gone = new AbortController()
    const watching = fetching.watch('p:c', uuid(), 30_000, gone.signal)
    gone.abort()
    expect(await watching).toEqual([])
  })
})
