import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { JournalEvent } from '../../src/core/event.ts'
import type { Store } from '../../src/store/store.ts'
import type { Bench } from './store.ts'
import { draft, send } from './store.ts'

const writer = fileURLToPath(new URL('../fixtures/store-writer.ts', import.meta.url))

export function writingContract(bench: Bench): void {
  describe('writing', () => {
    it('puts the writes of one turn into one commit, in order', async () => {
      const commits = watch(bench.store)
      const sent = await Promise.all([1, 2, 3].map((hop) => bench.store.write((tx) => send(tx, { hop }))))
      expect(commits).toHaveLength(1)
      expect(commits[0]?.map((event) => event.subject)).toEqual(sent.map((message) => message.id))
      await bench.store.write((tx) => send(tx))
      expect(commits).toHaveLength(2)
    })

    it('keeps the failure of one write to itself', async () => {
      const commits = watch(bench.store)
      const key = 'once'
      const results = await Promise.allSettled([
        bench.store.write((tx) => send(tx, { key })),
        bench.store.write(async (tx) => {
          await send(tx, { text: 'half' })
          throw new Error('changed my mind')
        }),
        bench.store.write((tx) => send(tx, { key })),
        bench.store.write((tx) => send(tx, { text: 'last' })),
      ])
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
      expect(results[1]).toMatchObject({ reason: { message: 'changed my mind' } })
      expect(results[2]).toMatchObject({ reason: { code: 'conflict' } })
      const kept = await bench.store.read((db) => db.messages.list({ limit: 10 }))
      expect(kept.map(({ message }) => message.text)).toEqual(['last', 'hello'])
      expect(commits.flat()).toHaveLength(2)
      expect(await bench.store.read((db) => db.events.verify())).toMatchObject({ ok: true, events: 2 })
    })

    it('leaves nothing of a write that fails alone', async () => {
      await expect(
        bench.store.write(async (tx) => {
          await send(tx)
          throw new Error('no')
        }),
      ).rejects.toThrow('no')
      expect(await bench.store.read((db) => db.messages.list({ limit: 10 }))).toEqual([])
      expect(await bench.store.read((db) => db.events.head())).toEqual({ 'here/1': 0 })
    })

    it('rejects a write whose query failed, and goes on', async () => {
      const message = draft()
      const results = await Promise.allSettled([
        bench.store.write((tx) => tx.messages.insert(message, ['p:b'])),
        bench.store.write((tx) => tx.messages.insert(message, ['p:b'])),
        bench.store.write((tx) => send(tx, { text: 'next' })),
      ])
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    })

    it('publishes nothing before its commit, and nobody sees it earlier', async () => {
      let published = false
      bench.store.subscribe(() => {
        published = true
      })
      const early = await bench.store.write(async (tx) => {
        await send(tx)
        const seen = await bench.store.read((db) => db.messages.list({ limit: 1 }))
        return { published, seen, own: (await tx.messages.list({ limit: 1 })).length }
      })
      expect(early).toEqual({ published: false, seen: [], own: 1 })
      expect(published).toBe(true)
    })

    it('throws for a write inside a write, which would wait for itself', async () => {
      await expect(bench.store.write(() => bench.store.write((tx) => send(tx)))).rejects.toMatchObject({ code: 'internal' })
      await bench.store.write((tx) => send(tx))
    })

    it('stops telling a listener that went', async () => {
      let calls = 0
      const leave = bench.store.subscribe(() => {
        calls += 1
      })
      await bench.store.write((tx) => send(tx))
      leave()
      await bench.store.write((tx) => send(tx))
      expect(calls).toBe(1)
    })

    it('takes 8 writers at once: every message once, numbers unique, the chain whole', async () => {
      const each = 25
      const sent = await Promise.all(
        Array.from({ length: 8 }, async (_, worker) => {
          const numbers: number[] = []
          for (let i = 0; i < each; i++) numbers.push((await bench.store.write((tx) => send(tx, { text: `${worker}:${i}` }))).n)
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
          return numbers
        }),
      )
      expect(new Set(sent.flat()).size).toBe(8 * each)
      expect(await bench.store.read((db) => db.events.verify())).toMatchObject({ ok: true, events: 8 * each })
    })

    it('finishes what is under way before it closes, and refuses what comes after', async () => {
      const pending = bench.store.write((tx) => send(tx))
      await Promise.all([bench.store.close(), bench.store.close()])
      await expect(pending).resolves.toMatchObject({ n: 1 })
      await expect(bench.store.write((tx) => send(tx))).rejects.toMatchObject({ code: 'unavailable' })
      await expect(bench.store.read((db) => db.events.head())).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('shuts out the store that was open for this host before', async () => {
      await bench.store.write((tx) => send(tx))
      const second = await bench.reopen()
      await second.write((tx) => send(tx))
      await expect(bench.store.write((tx) => send(tx))).rejects.toMatchObject({ code: 'conflict' })
      expect(await second.read((db) => db.events.head())).toEqual({ 'here/1': 2 })
    })

    it('keeps the epoch of a host, rises when told, and refuses a lower one', async () => {
      await (await bench.reopen({ epoch: 3 })).write((tx) => send(tx))
      expect(await (await bench.reopen()).read((db) => db.events.head())).toEqual({ 'here/1': 0, 'here/3': 1 })
      await expect(bench.reopen({ epoch: 2 })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('has everything that was acknowledged after kill -9', { timeout: 120_000 }, async () => {
      await bench.store.close()
      const acked = await killedAfter(bench, 300)
      const store = await bench.reopen()
      const kept = new Set((await store.read((db) => db.messages.list({ limit: 100_000 }))).map(({ message }) => message.id))
      expect(acked.filter((id) => !kept.has(id))).toEqual([])
      expect(await store.read((db) => db.events.verify())).toMatchObject({ ok: true })
    })
  })
}

/** Runs the fixture until it printed so many acknowledged ids, then kills it in the middle of the next. */
async function killedAfter(bench: Bench, count: number): Promise<string[]> {
  const { root, broker, env } = bench.place
  const child = spawn(process.execPath, [writer, JSON.stringify({ root, broker, env })], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acked: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acked.push(line)
    if (acked.length === count) child.kill('SIGKILL')
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return acked
}

function watch(store: Store): JournalEvent[][] {
  const commits: JournalEvent[][] = []
  store.subscribe((events) => void commits.push(events))
  return commits
}
