import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JournalEvent } from '../../src/core/event.ts'
import { eventHash, firstHash } from '../../src/core/event.ts'
import type { Store } from '../../src/store/store.ts'
import type { Bench } from './store.ts'

async function note(store: Store, ...subjects: string[]): Promise<void> {
  for (const subject of subjects) {
    await store.write((tx) => tx.journal({ type: 'note', subject, agent: `of ${subject}`, data: { subject, 2: 'b', 1: 'a' } }))
  }
}

const subjects = (events: JournalEvent[]) => events.map((event) => event.subject)

export function journalContract(bench: Bench): void {
  const verify = (store = bench.store) => store.read((db) => db.events.verify())
  const after = (cursor: Record<string, number>, limit = 100) => bench.store.read((db) => db.events.after(cursor, limit))

  describe('the journal', () => {
    it('chains its events and publishes them as they are kept', async () => {
      const published: JournalEvent[] = []
      bench.store.subscribe((events) => void published.push(...events))
      await note(bench.store, 'a', 'b\0\u{1F600}', 'half \uD83D')
      const { events } = await after({})
      expect(events).toEqual(published)
      expect(events.map(({ stream, seq }) => `${stream} ${seq}`)).toEqual(['here/1 1', 'here/1 2', 'here/1 3'])
      expect(events[0]?.prev).toBe(firstHash)
      expect(events[1]?.prev).toBe(events[0]?.hash)
      for (const { hash, ...event } of events) expect(eventHash(event)).toBe(hash)
      expect(await verify()).toMatchObject({ ok: true, events: 3 })
    })

    it('is read on from a cursor, streams merged by time', async () => {
      for (const [at, host] of [
        [10, 'here'],
        [20, 'there'],
        [30, 'here'],
        [25, 'there'],
      ] as const) {
        bench.clock.at = at
        await note(await bench.reopen({ host }), `${host} ${at}`)
      }
      expect(await after({})).toMatchObject({ gone: false })
      expect(subjects((await after({})).events)).toEqual(['here 10', 'there 20', 'there 25', 'here 30'])
      expect(subjects((await after({}, 2)).events)).toEqual(['here 10', 'there 20'])
      expect(subjects((await after({ 'here/1': 1, 'there/1': 1 })).events)).toEqual(['there 25', 'here 30'])
      const head = await bench.store.read((db) => db.events.head())
      expect(head).toEqual({ 'here/1': 2, 'there/1': 2 })
      expect(await after(head)).toEqual({ events: [], gone: false })
      expect(subjects(await bench.store.read((db) => db.events.recent({ limit: 3 })))).toEqual([
        'there 20',
        'there 25',
        'here 30',
      ])
      const filter = { agent: 'of there 25', since: 20, limit: 9 }
      expect(subjects(await bench.store.read((db) => db.events.recent(filter)))).toEqual(['there 25'])
      expect(subjects(await bench.store.read((db) => db.events.about('here 30')))).toEqual(['here 30'])
    })

    it('is filtered by a type, or by a family of types', async () => {
      for (const type of ['agent', 'agent.phase', 'agent_x', 'agentx.y', 'team.down']) {
        await bench.store.write((tx) => tx.journal({ type, subject: type, agent: null, data: {} }))
      }
      const found = async (type: string) => subjects(await bench.store.read((db) => db.events.recent({ type, limit: 9 })))
      expect(await found('agent')).toEqual(['agent', 'agent.phase'])
      expect(await found('agent.phase')).toEqual(['agent.phase'])
      expect(await found('agen')).toEqual([])
      expect(await found('%')).toEqual([])
    })

    it('says gone for a cursor of another database', async () => {
      await note(bench.store, 'a')
      expect(await after({ 'here/1': 7 })).toEqual({ events: [], gone: true })
      expect((await after({ 'elsewhere/1': 1 })).gone).toBe(true)
    })

    it.each([
      ['content changed', `update events set data = '{}' where seq = 2`, 2],
      ['an event removed', `delete from events where seq = 2`, 3],
      ['an event moved to another subject', `update events set subject = 'x' where seq = 1`, 1],
      ['the end removed', `delete from events where seq = 3`, 2],
      [
        'the end removed, and the head put back',
        `delete from events where seq = 3; update streams set seq = 2, hash = (select hash from events where seq = 2)`,
        2,
      ],
      ['a stream removed', `delete from events; delete from streams`, 3],
      [
        'the beginning removed with a forged checkpoint',
        `insert into checkpoints select team, stream, seq, hash from events where seq = 1; delete from events where seq = 1`,
        1,
      ],
    ])('shows %s', async (_, statement, seq) => {
      await note(bench.store, 'a', 'b', 'c')
      await bench.place.tamper(statement)
      expect(await verify()).toMatchObject({ ok: false, stream: 'here/1', seq })
    })

    it('shows a chain rewritten as a whole while nobody looked, until a person clears it', async () => {
      await note(bench.store, 'a', 'b', 'c')
      await bench.store.close()
      await bench.place.tamper(
        `delete from events where seq > 1; update streams set seq = 1, hash = (select hash from events where seq = 1)`,
      )
      for (const _ of [1, 2]) {
        const store = await bench.reopen()
        await note(store, 'd', 'e', 'f')
        expect(await verify(store)).toMatchObject({
          ok: false,
          stream: 'here/1',
          seq: 3,
          why: expect.stringContaining('rolled back'),
        })
        await store.close()
      }
      rmSync(join(bench.place.root, 'state/journal-head.json'))
      expect(await verify(await bench.reopen())).toMatchObject({ ok: true })
    })

    it('keeps its head outside the database', async () => {
      await note(bench.store, 'a', 'b')
      const [, last] = (await after({})).events
      await bench.store.close()
      const kept: unknown = JSON.parse(readFileSync(join(bench.place.root, 'state/journal-head.json'), 'utf8'))
      expect(kept).toMatchObject({ heads: { 'here/1': { seq: 2, hash: last?.hash } }, flaw: null })
    })

    it('prunes behind a checkpoint: the rest still verifies, older cursors are told', async () => {
      for (const at of [10, 20, 30, 40]) {
        bench.clock.at = at
        await note(bench.store, String(at))
      }
      expect(await bench.store.prune(25)).toBe(2)
      expect(await bench.store.prune(25)).toBe(0)
      expect(await verify()).toMatchObject({ ok: true, events: 3 })
      const { events, gone } = await after({ 'here/1': 1 })
      expect([gone, subjects(events)]).toEqual([true, ['30', '40', 'journal']])
      expect((await after({ 'here/1': 2 })).gone).toBe(false)
      await bench.store.close()
      const store = await bench.reopen()
      expect(await verify(store)).toMatchObject({ ok: true, events: 3 })
      bench.clock.at = 50
      expect(await store.prune(45)).toBe(3)
      expect(await verify(store)).toMatchObject({ ok: true, events: 1 })
      expect(await (await bench.reopen({ host: 'there' })).prune(60)).toBe(1)
      expect(await verify(store)).toMatchObject({ ok: true, events: 1 })
    })

    it('prunes everything and goes on in the same chain', async () => {
      await note(bench.store, 'a', 'b')
      expect(await bench.store.prune(Date.now() + 1_000)).toBe(2)
      await note(bench.store, 'c')
      expect(subjects((await after({ 'here/1': 2 })).events)).toEqual(['journal', 'c'])
      expect(await verify()).toMatchObject({ ok: true, events: 2 })
    })
  })
}
