import { describe, expect, it } from 'vitest'
import type { Bench } from './store.ts'
import { draft, send } from './store.ts'

export function mailContract(bench: Bench): void {
  const write = <T>(...[work]: Parameters<typeof bench.store.write<T>>) => bench.store.write(work)
  const read = <T>(...[work]: Parameters<typeof bench.store.read<T>>) => bench.store.read(work)

  describe('messages', () => {
    it('gives a message back as it was put, by id, number and key', async () => {
      const control = { kind: 'stop', incarnation: 'i1' } as const
      const put = draft({
        threadId: 't',
        priority: 'urgent',
        trust: 'operator',
        key: 'k',
        hop: 3,
        taint: ['bridge:1', 'bridge:2'],
        control,
        from: 'user',
        to: 'p#all',
      })
      const message = await write((tx) => tx.messages.insert(put, ['p:b']))
      expect(message).toEqual({ ...put, n: 1, attachments: [] })
      expect(await read((db) => db.messages.get(put.id))).toEqual(message)
      expect(await read((db) => db.messages.byN(1))).toEqual(message)
      expect(await read((db) => db.messages.byKey('user', 'k'))).toEqual(message)
      expect(await read((db) => db.messages.byKey('p:a', 'k'))).toBeUndefined()
    })

    it.each([
      ['NUL', 'a\0b\0'],
      ['all planes, right to left and marks', '👩‍👩‍👧‍👦 \u202Eשלום\u202C e\u0301 \u{10FFFF} \uFFFF \uF8FE0\uF8FE1\0'],
      ['quotes and SQL', `'; drop table messages; -- " \\ $1 ? :x`],
      ['nothing', ''],
      ['a megabyte', 'ü\0'.repeat(350_000)],
    ])('keeps a body of %s to the last byte', async (_, text) => {
      const { id } = await write((tx) => send(tx, { text, threadId: text.slice(0, 50) }))
      const kept = await read((db) => db.messages.get(id))
      expect(kept?.text === text).toBe(true)
      expect(kept?.threadId).toBe(text.slice(0, 50))
    })

    it('returns what it stored where half a character has no UTF-8', async () => {
      const message = await write((tx) => send(tx, { text: 'half \uD83D' }))
      expect(message.text).toBe('half \uFFFD')
      expect(await read((db) => db.messages.get(message.id))).toEqual(message)
    })

    it('allows a key once per sender', async () => {
      await write((tx) => send(tx, { key: 'k' }))
      await expect(write((tx) => send(tx, { key: 'k' }))).rejects.toMatchObject({ code: 'conflict' })
      await write((tx) => send(tx, { key: 'k', from: 'p:c' }))
      await write((tx) => send(tx, { key: null }))
      await write((tx) => send(tx, { key: null }))
      expect(await read((db) => db.messages.list({ limit: 10 }))).toHaveLength(4)
    })

    it('lists newest first: all, of an agent, unread', async () => {
      const ids: string[] = []
      for (const [from, to] of [
        ['p:a', 'p:b'],
        ['p:b', 'p:c'],
        ['p:c', 'p:d'],
        ['p:d', 'p:b'],
      ] as const) {
        ids.push((await write((tx) => send(tx, { from, to }, [to]))).id)
      }
      await write((tx) => tx.deliveries.update(ids[0] ?? '', 'p:b', ['queued'], { state: 'acked' }))
      const list = async (filter: { agent?: string; unread?: boolean; limit: number }) =>
        (await read((db) => db.messages.list(filter))).map(({ message }) => ids.indexOf(message.id))
      expect(await list({ limit: 3 })).toEqual([3, 2, 1])
      expect(await list({ agent: 'p:b', limit: 10 })).toEqual([3, 1, 0])
      expect(await list({ agent: 'p:b', unread: true, limit: 10 })).toEqual([3])
      expect(await list({ unread: true, limit: 10 })).toEqual([3, 2, 1])
      const [newest] = await read((db) => db.messages.list({ limit: 1 }))
      expect(newest?.deliveries).toMatchObject([{ recipient: 'p:b', state: 'queued', n: 4 }])
    })
  })

  describe('deliveries', () => {
    it('begin queued, one for each recipient', async () => {
      bench.clock.at = 4_200
      const { id, n } = await write((tx) => send(tx, {}, ['p:b', 'p:c']))
      const untouched = { state: 'queued', proof: null, typed: false, incarnation: null, rung: null, attempts: 0, reason: null }
      const times = { queuedAt: 4_200, deliveredAt: null, ackedAt: null }
      const delivery = (recipient: string) => ({ messageId: id, n, recipient, ...untouched, ...times })
      expect(await read((db) => db.deliveries.of(id))).toEqual([delivery('p:b'), delivery('p:c')])
      expect(await read((db) => db.deliveries.get(id, 'p:d'))).toBeUndefined()
    })

    it('change only from the states named: the second to come is told so', async () => {
      const { id } = await write((tx) => send(tx))
      const change = {
        state: 'delivered',
        proof: 'hook',
        typed: true,
        incarnation: 'i',
        rung: 'push',
        attempts: 2,
        deliveredAt: 7,
      } as const
      const both = await Promise.all([1, 2].map(() => write((tx) => tx.deliveries.update(id, 'p:b', ['queued'], change))))
      expect(both).toEqual([true, false])
      expect(await read((db) => db.deliveries.get(id, 'p:b'))).toMatchObject(change)
      expect(await write((tx) => tx.deliveries.update(id, 'p:b', [], { typed: false }))).toBe(false)
      expect(await write((tx) => tx.deliveries.update(id, 'p:x', ['queued'], {}))).toBe(false)
    })

    it('open: not acked, not dead, oldest message first', async () => {
      const ids: string[] = []
      for (let i = 0; i < 5; i++) ids.push((await write((tx) => send(tx))).id)
      await write((tx) => tx.deliveries.update(ids[0] ?? '', 'p:b', ['queued'], { state: 'acked', ackedAt: 1 }))
      await write((tx) => tx.deliveries.update(ids[1] ?? '', 'p:b', ['queued'], { state: 'dead', reason: 'expired' }))
      await write((tx) => tx.deliveries.update(ids[3] ?? '', 'p:b', ['queued'], { state: 'delivered' }))
      const open = await read((db) => db.deliveries.open('p:b', 10))
      expect(open.map(({ message }) => message.id)).toEqual(ids.slice(2))
      expect(open.map(({ delivery }) => delivery.state)).toEqual(['queued', 'delivered', 'queued'])
      expect(await read((db) => db.deliveries.open('p:b', 1))).toHaveLength(1)
      expect(await read((db) => db.deliveries.open('p:z', 1))).toEqual([])
    })

    it('the last that entered the context of a run: the newest message, whatever became of it since', async () => {
      const last = (recipient: string, incarnation: string) => read((db) => db.deliveries.last(recipient, incarnation))
      expect(await last('p:b', 'i')).toBeUndefined()
      const links = [{ chain: 'x', hop: 1 }, { chain: 'y', hop: 2 }, { chain: 'z', hop: 3 }]
      const sent = await Promise.all(links.map((link) => write((tx) => send(tx, link))))
      const [first = '', second = ''] = sent.map(({ id }) => id)
      const delivered = { state: 'delivered', incarnation: 'i', deliveredAt: 7 } as const
      await write((tx) => tx.deliveries.update(second, 'p:b', ['queued'], delivered))
      await write((tx) => tx.deliveries.update(first, 'p:b', ['queued'], delivered))
      expect(await last('p:b', 'i')).toEqual({ chain: 'y', hop: 2 })
      await write((tx) => tx.deliveries.update(second, 'p:b', ['delivered'], { state: 'acked', ackedAt: 8 }))
      expect(await last('p:b', 'i')).toEqual({ chain: 'y', hop: 2 })
      expect(await last('p:b', 'another')).toBeUndefined()
      expect(await last('p:c', 'i')).toBeUndefined()
    })

    it('waiting and counts', async () => {
      const first = await write((tx) => send(tx, {}, ['p:b', 'p:c']))
      await write((tx) => send(tx, {}, ['p:c']))
      await write((tx) => tx.deliveries.update(first.id, 'p:b', ['queued'], { state: 'delivered' }))
      expect(await read((db) => db.deliveries.waiting())).toEqual(['p:c'])
      expect(await read((db) => db.deliveries.counts())).toEqual({ 'p:b': 1, 'p:c': 2 })
    })
  })
}
