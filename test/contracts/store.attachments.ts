import { describe, expect, it } from 'vitest'
import type { KeptFile } from '../../src/core/attachment.ts'
import type { Bench } from './store.ts'
import { send } from './store.ts'

const file = (content: string, change: Partial<KeptFile> = {}): KeptFile => ({ name: `${content}.txt`, mime: 'text/plain', bytes: 100, sha256: content.repeat(64).slice(0, 64), ...change })

export function attachmentsContract(bench: Bench): void {
  const write = <T>(...[work]: Parameters<typeof bench.store.write<T>>) => bench.store.write(work)
  const read = <T>(...[work]: Parameters<typeof bench.store.read<T>>) => bench.store.read(work)

  describe('attachments', () => {
    it('come back with their message wherever it is read, in order, each with a number of its own', async () => {
      const hostile = '\u202E‮../../etc; rm -rf / \0 "\' 👩‍👩‍👧‍👦\n'
      const message = await write((tx) => send(tx, { key: 'k', attachments: [file('a', { name: hostile }), file('b', { bytes: 5 * 1024 ** 3 })] }))
      const other = await write((tx) => send(tx, { attachments: [file('a')] }))
      const bare = await write((tx) => send(tx))
      expect(message.attachments).toEqual([{ ...file('a', { name: hostile }), n: 1 }, { ...file('b', { bytes: 5 * 1024 ** 3 }), n: 2 }])
      expect(await read((db) => db.messages.get(message.id))).toEqual(message)
      expect(await read((db) => db.messages.byN(message.n))).toEqual(message)
      expect(await read((db) => db.messages.byKey('p:a', 'k'))).toEqual(message)
      expect((await read((db) => db.messages.list({ limit: 9 }))).map((each) => each.message)).toEqual([bare, other, message])
      expect((await read((db) => db.deliveries.open('p:b', 9))).map((each) => each.message)).toEqual([message, other, bare])
      expect(await read((db) => db.attachments.byN(3))).toEqual({ attachment: other.attachments[0], message: other })
      expect(await read((db) => db.attachments.byN(4))).toBeUndefined()
    })

    it('count each content once, and tell which are named', async () => {
      expect(await read((db) => db.attachments.totalBytes())).toBe(0)
      await write((tx) => send(tx, { attachments: [file('a'), file('b', { bytes: 7 })] }))
      await write((tx) => send(tx, { attachments: [file('a', { name: 'again' })] }))
      expect(await read((db) => db.attachments.totalBytes())).toBe(107)
      const asked = ['a', 'b', 'c'].map((content) => file(content).sha256)
      expect(await read((db) => db.attachments.named(asked))).toEqual(new Set(asked.slice(0, 2)))
      expect(await read((db) => db.attachments.named([]))).toEqual(new Set())
    })

    it('carry the taint of every message that brought the same content', async () => {
      await write((tx) => send(tx, { attachments: [file('a')], taint: ['bridge:1', 'bridge:2'] }))
      await write((tx) => send(tx, { attachments: [file('a')], taint: ['bridge:2'] }))
      await write((tx) => send(tx, { attachments: [file('b')] }))
      expect((await read((db) => db.attachments.taints([file('a').sha256, file('b').sha256]))).toSorted()).toEqual(['bridge:1', 'bridge:2'])
      expect(await read((db) => db.attachments.taints([file('b').sha256]))).toEqual([])
      expect(await read((db) => db.attachments.taints([]))).toEqual([])
    })

    it('are not there if their message is not', async () => {
      await expect(write(async (tx) => (await send(tx, { attachments: [file('a')] }), Promise.reject(new Error('no'))))).rejects.toThrow('no')
      expect(await read((db) => db.attachments.totalBytes())).toBe(0)
    })
  })
}
