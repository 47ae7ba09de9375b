import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/event.ts'
import type { Bench } from './store.ts'
import { send } from './store.ts'

export function retentionContract(bench: Bench): void {
  const write = <T>(...[work]: Parameters<typeof bench.store.write<T>>) => bench.store.write(work)
  const read = <T>(...[work]: Parameters<typeof bench.store.read<T>>) => bench.store.read(work)
  const file = (content: string) => ({ name: 'x', mime: 'text/plain', bytes: 1, sha256: content })

  describe('retention', () => {
    it('looks at messages page by page, and says of each what keeps it', async () => {
      const acked = await write((tx) => send(tx, { taint: ['bridge:1'], threadId: 'bridge:1', attachments: [file('a'), file('b')], sentAt: 7 }, ['p:b', 'p:c']))
      for (const to of ['p:b', 'p:c']) await write((tx) => tx.deliveries.update(acked.id, to, ['queued'], { state: 'acked' }))
      const half = await write((tx) => send(tx, {}, ['p:b', 'p:c']))
      await write((tx) => tx.deliveries.update(half.id, 'p:b', ['queued'], { state: 'dead' }))
      const first = { id: acked.id, n: 1, project: 'p', threadId: 'bridge:1', tainted: true, attached: 2, open: false, sentAt: 7 }
      expect(await read((db) => db.retention.page(0, 1))).toEqual([first])
      expect(await read((db) => db.retention.page(1, 9))).toEqual([{ id: half.id, n: 2, project: 'p', threadId: null, tainted: false, attached: 0, open: true, sentAt: 1 }])
      expect(await read((db) => db.retention.page(2, 9))).toEqual([])
      expect(await read((db) => db.retention.newest())).toBe(2)
      expect((await read((db) => db.retention.naming(['a', 'z']))).map(({ messageId }) => messageId)).toEqual([acked.id])
    })

    it('keeps what a gateway has not sent yet', async () => {
      const message = await write((tx) => send(tx, { to: 'user' }, []))
      const outgoing = { id: 'o', key: 'k', gateway: 'g', chat: 'c', content: { kind: 'text', text: 'x' }, urgency: 'normal', approval: null, nonce: null, message: message.id, state: 'queued', parts: 0, platformId: null, attempts: 0, reason: null, createdAt: 1, sentAt: null }
      await write((tx) => tx.outbox.insert(outgoing as unknown as Parameters<typeof tx.outbox.insert>[0]))
      expect(await read((db) => db.retention.page(0, 9))).toMatchObject([{ open: true }])
      await write((tx) => tx.outbox.update('o', { state: 'sent' }))
      expect(await read((db) => db.retention.page(0, 9))).toMatchObject([{ open: false }])
    })

    it('removes messages with their deliveries and what they say of files, and nothing else', async () => {
      const [gone, stays] = [await write((tx) => send(tx, { key: 'k', attachments: [file('a')] })), await write((tx) => send(tx, { attachments: [file('a')] }))]
      expect(await write((tx) => tx.retention.removeMessages([gone.id, 'none']))).toBe(1)
      expect(await write((tx) => tx.retention.removeMessages([]))).toBe(0)
      expect(await read((db) => db.messages.list({ limit: 9 }))).toMatchObject([{ message: stays, deliveries: [{ recipient: 'p:b' }] }])
      expect(await read((db) => db.deliveries.of(gone.id))).toEqual([])
      expect(await read((db) => db.attachments.byN(1))).toBeUndefined()
      expect(await read((db) => db.events.about(gone.id))).toHaveLength(1)
      // The key goes with the message, and numbers are not used again.
      expect((await write((tx) => send(tx, { key: 'k', attachments: [file('a')] }))).attachments).toMatchObject([{ n: 3 }])
    })

    it('leaves a journal that is whole only if the journal says what went', async () => {
      const [one, two, three] = [await write((tx) => send(tx)), await write((tx) => send(tx)), await write((tx) => send(tx))]
      const sent = (message: typeof one) => ({ type: 'message.sent', subject: message.id, agent: null, data: { n: message.n, sha256: sha256(message.text) } })
      await write(async (tx) => {
        for (const message of [one, two, three]) await tx.journal(sent(message))
      })
      await write(async (tx) => {
        await tx.journal({ type: 'gc.removed', subject: 'gc', agent: null, data: { numbers: [[1, 2]] } })
        await tx.retention.removeMessages([one.id, two.id])
      })
      expect(await read((db) => db.events.verify())).toMatchObject({ ok: true })
      // What it says of others' making is no reason to fall over.
      await write((tx) => tx.journal({ type: 'gc.removed', subject: 'gc', agent: null, data: { numbers: [[1e15, 2e15], [4, 1e15]] } }))
      expect(await read((db) => db.events.verify())).toMatchObject({ ok: true })
      await write((tx) => tx.retention.removeMessages([three.id]))
      expect(await read((db) => db.events.verify())).toMatchObject({ ok: false, why: 'message #3, which it tells of, is gone' })
    })

    it('removes bridges', async () => {
      const bridge = { a: 'p:a', b: 'q:b', topic: '', oneWay: false, openedBy: 'user', openedAt: 1, expiresAt: 2, closedAt: 2, closedBy: 'expiry' }
      await write((tx) => tx.bridges.insert({ ...bridge, id: 'one' }))
      await write((tx) => tx.bridges.insert({ ...bridge, id: 'two' }))
      expect(await write((tx) => tx.retention.removeBridges(['one']))).toBe(1)
      expect((await read((db) => db.bridges.list(9))).map(({ id }) => id)).toEqual(['two'])
    })

    it('finds approvals that are over and told, oldest first', async () => {
      const approval = { agent: 'p:a', project: 'p', action: 'x', scope: null, summary: '', exact: '', origin: 'asked', requestedAt: 1, expiresAt: 5, decidedBy: null, note: null } as const
      const insert = async (id: string, more: object) => await write((tx) => tx.approvals.insert({ ...approval, id, hash: id, status: 'denied', taint: [], decidedAt: 5, usedAt: null, told: true, ...more }))
      await insert('denied', {})
      await insert('expired', { status: 'expired', decidedAt: null })
      await insert('used', { status: 'used', usedAt: 9 })
      await insert('other', { project: 'q' })
      await insert('untold', { told: false })
      await insert('pending', { status: 'pending', decidedAt: null })
      await insert('approved', { status: 'approved' })
      const over = (project: string | null, before: number, limit = 9) => read((db) => db.retention.approvals({ before, project, limit }))
      expect(await over(null, 9)).toEqual(['denied', 'expired', 'other'])
      expect(await over('p', 10)).toEqual(['denied', 'expired', 'used'])
      expect(await over(null, 10, 1)).toEqual(['denied'])
      expect(await over(null, 5)).toEqual([])
      expect(await write((tx) => tx.retention.removeApprovals(['denied', 'expired']))).toBe(2)
      expect(await over(null, 9)).toEqual(['other'])
    })
  })
}
