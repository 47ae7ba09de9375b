import { Kysely } from 'kysely'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import type { Db } from './engine.ts'
import { inChunks, prepared } from './prepared.ts'
import { sqliteDialect } from './sqlite-dialect.ts'

function database(): Db {
  const file = new DatabaseSync(':memory:')
  file.exec('create table settings (team text, host text, epoch integer, key text, value text)')
  const db: Db = new Kysely({ dialect: sqliteDialect(() => file, 1) })
  onTestFinished(() => db.destroy())
  return db
}

const row = (key: string, value: string) => ({ team: 't', host: 'h', epoch: 1, key, value })

it('builds a query once a shape and fills in each call’s own values', async () => {
  const db = database()
  let built = 0
  const insert = prepared((on: Db, rows: ReturnType<typeof row>[]) => {
    built += 1
    return on.insertInto('settings').values(rows).returning(['key', 'value'])
  })
  expect((await insert(db, [row('a', '1')])).rows).toEqual([{ key: 'a', value: '1' }])
  expect((await insert(db, [row('b', '2')])).rows).toEqual([{ key: 'b', value: '2' }])
  expect(built).toBe(1)
  expect((await insert(db, [row('c', '3'), row('d', '4')])).rows).toEqual([
    { key: 'c', value: '3' },
    { key: 'd', value: '4' },
  ])
  expect(built).toBe(2)
})

it('keeps what the query itself says, in whatever order its text has the values', async () => {
  const db = database()
  await db.insertInto('settings').values([row('a', '1'), row('b', '2')]).execute()
  const move = prepared((on: Db, given: { key: string; value: string }) =>
    on.updateTable('settings').set({ value: given.value, epoch: 7 }).where('key', '=', given.key).where('epoch', '<', 7).returning(['key', 'value', 'epoch']),
  )
  expect((await move(db, { key: 'b', value: 'new' })).rows).toEqual([{ key: 'b', value: 'new', epoch: 7 }])
  expect((await move(db, { key: 'b', value: 'newer' })).rows).toEqual([])
})

it('takes nulls and lists as values', async () => {
  const db = database()
  await db.insertInto('settings').values([row('a', '1'), row('b', '2'), row('c', '3')]).execute()
  const find = prepared((on: Db, given: { keys: string[] }) => on.selectFrom('settings').select('key').where('key', 'in', given.keys).orderBy('key'))
  expect((await find(db, { keys: ['c', 'a'] })).rows).toEqual([{ key: 'a' }, { key: 'c' }])
  expect((await find(db, { keys: ['b'] })).rows).toEqual([{ key: 'b' }])
})

it('cuts rows into inserts of bounded length, with nothing lost', () => {
  const rows = Array.from({ length: 70 }, (_, n) => n)
  const chunks = inChunks(rows)
  expect(chunks.flat()).toEqual(rows)
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(32)
  expect(inChunks([])).toEqual([])
})
