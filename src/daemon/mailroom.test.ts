import { v7 as uuid } from 'uuid'
import { describe, expect, it } from 'vitest'
import { carriers } from '../../test/fixtures/carriers.ts'
import { Fetching } from './fetching.ts'

const on = carriers()

describe('the mailroom', () => {
  it('T1: refuses what may not be sent and makes no row', async () => {
    await expect(on.post('p:b', 'p:c', 'no')).rejects.toMatchObject({ code: 'denied' })
    await expect(on.post('p:a', 'p:bb', 'no')).rejects.toMatchObject({ code: 'unknown', hint: expect.stringContaining('p:b') })
    await expect(on.post('p:a', '#al', 'no')).rejects.toMatchObject({ code: 'unknown', hint: 'did you mean all?' })
    await expect(on.post('p:a', 'p:b', 'x'.repeat(100_001))).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('100000') })
    expect(await on.store.read((db) => db.messages.list({ limit: 10 }))).toEqual([])
  })

  it('a repeated key is the first message; the same key with other words is an error', async () => {
    const [one, two] = await Promise.all([on.post('p:a', 'p:b', 'once', { key: 'k' }), on.post('p:a', 'p:b', 'once', { key: 'k' })])
    expect(one.id).toBe(two.id)
    await expect(on.post('p:a', 'p:b', 'other', { key: 'k' })).rejects.toMatchObject({ code: 'conflict' })
    expect(await on.store.read((db) => db.messages.list({ limit: 10 }))).toHaveLength(1)
  })

  it('a channel message is acknowledged by each member for itself', async () => {
    const message = await on.post('user', '#all', 'all of you')
    const fetching = new Fetching(on.store, on.clock, on.deliverer, on.offers, () => false)
    await fetching.ack('p:a', uuid(), [message.id])
    const states = await on.store.read((db) => db.deliveries.of(message.id))
    expect(states.map(({ recipient, state }) => [recipient, state]).toSorted()).toEqual([['p:a', 'acked'], ['p:b', 'queued'], ['p:c', 'queued']])
    expect(await fetching.ack('p:a', uuid(), [message.id])).toBe(0)
  })
})
