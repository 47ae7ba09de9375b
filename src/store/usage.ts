import { sql } from 'kysely'
import type { UsageRecord } from '../core/runtime.ts'
import type { Db } from './engine.ts'
import type { Written } from './schema.ts'
import type { Tx, UsageReader } from './store.ts'

export function usageReader(db: Db, team: string): UsageReader {
  return {
    async totals() {
      const rows = await db
        .selectFrom('usage')
        .select([
          'agent',
          'model',
          sql<number>`sum(input)`.as('input'),
          sql<number>`sum(output)`.as('output'),
          sql<number>`sum(cache_read)`.as('cacheRead'),
          sql<number>`sum(cache_write)`.as('cacheWrite'),
        ])
        .where('team', '=', team)
        .groupBy(['agent', 'model'])
        .orderBy('agent')
        .orderBy('model')
        .execute()
      return rows.map(({ agent, model, ...tokens }) => ({ agent, model, tokens }))
    },
  }
}

export function usageWriter(db: Db, by: Written): Tx['usage'] {
  return {
    ...usageReader(db, by.team),
    async put(agent, incarnation, record) {
      const { host, epoch, team } = by
      const { key, ...measured } = columns(record)
      const values = { ...measured, incarnation, host, epoch }
      const there = await db
        .selectFrom('usage')
        .select(['model', 'at', 'input', 'output', 'cache_read', 'cache_write'])
        .where('team', '=', team)
        .where('agent', '=', agent)
        .where('key', '=', key)
        .executeTakeFirst()
      if (there !== undefined && same(there, measured)) return false
      await db
        .insertInto('usage')
        .values({ team, agent, key, ...values })
        .onConflict((conflict) => conflict.columns(['team', 'agent', 'key']).doUpdateSet(values))
        .execute()
      return true
    },
  }
}

function columns(record: UsageRecord) {
  const { key, at, model, tokens } = record
  return {
    key,
    at,
    model,
    input: tokens.input,
    output: tokens.output,
    cache_read: tokens.cacheRead,
    cache_write: tokens.cacheWrite,
  }
}

function same<T extends Record<string, unknown>>(a: T, b: T): boolean {
  return (Object.keys(a) as (keyof T)[]).every((name) => a[name] === b[name])
}
