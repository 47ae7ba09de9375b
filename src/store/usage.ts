import { sql } from 'kysely'
import type { UsageRecord } from '../core/runtime.ts'
import type { Db } from './engine.ts'
import type { UsageTable, Written } from './schema.ts'
import type { Tx, UsageFilter, UsageReader } from './store.ts'

const nano = sql<number>`coalesce(sum(cost), 0)`
const unpriced = sql<number>`sum(case when cost is null then 1 else 0 end)`

export function usageReader(db: Db, team: string): UsageReader {
  const chosen = ({ since, until, agent, project, model, chain }: UsageFilter) => {
    let query = db.selectFrom('usage').where('team', '=', team)
    if (since !== undefined) query = query.where('at', '>=', since)
    if (until !== undefined) query = query.where('at', '<', until)
    if (agent !== undefined) query = query.where('agent', '=', agent)
    // An agent's address begins with its project; `;` follows `:`, which no address goes on with.
    if (project !== undefined) query = query.where('agent', '>=', `${project}:`).where('agent', '<', `${project};`)
    if (model !== undefined) query = query.where('model', '=', model)
    return chain === undefined ? query : query.where('chain', '=', chain)
  }
  return {
    async totals(filter = {}, by) {
      const rows = await chosen(filter)
        .select([
          'agent',
          'model',
          by === 'chain' ? 'chain' : sql<string | null>`null`.as('chain'),
          sql<number>`sum(input)`.as('input'),
          sql<number>`sum(output)`.as('output'),
          sql<number>`sum(cache_read)`.as('cacheRead'),
          sql<number>`sum(cache_write)`.as('cacheWrite'),
          sql<number>`count(*)`.as('calls'),
          nano.as('cost'),
          unpriced.as('unpriced'),
        ])
        .groupBy(by === 'chain' ? ['agent', 'model', 'chain'] : ['agent', 'model'])
        .orderBy('agent')
        .orderBy('model')
        .$if(by === 'chain', (query) => query.orderBy('chain'))
        .execute()
      return rows.map(({ agent, model, chain, calls, cost, unpriced: missing, ...tokens }) => ({ agent, model, tokens, calls, cost, unpriced: missing, chain }))
    },
    async sums(of) {
      const all = 'since' in of ? chosen(of) : db.selectFrom('usage').where('team', '=', team).where('incarnation', 'in', of.incarnations)
      if ('incarnations' in of && of.incarnations.length === 0) return []
      return await all.select(['agent', 'incarnation', nano.as('nano'), unpriced.as('unpriced')]).groupBy(['agent', 'incarnation']).execute()
    },
    async unpricedModels(since) {
      const rows = await chosen({ since }).where('cost', 'is', null).select('model').distinct().execute()
      return rows.map(({ model }) => model)
    },
    async unpriced(since, model) {
      const rows = await chosen({ since, model }).where('cost', 'is', null).selectAll().limit(1000).execute()
      return rows.map((row) => ({ agent: row.agent, key: row.key, at: row.at, model: row.model, tokens: tokensOf(row) }))
    },
  }
}

export function usageWriter(db: Db, by: Written): Tx['usage'] {
  const row = (agent: string, key: string) => db.selectFrom('usage').selectAll().where('team', '=', by.team).where('agent', '=', agent).where('key', '=', key)
  return {
    ...usageReader(db, by.team),
    async put(agent, incarnation, record, { cost, chain }) {
      const { host, epoch, team } = by
      const measured = columns(record)
      const there = await row(agent, record.key).executeTakeFirst()
      if (there !== undefined && same(there, measured)) return null
      if (there === undefined) {
        await db.insertInto('usage').values({ team, agent, key: record.key, ...measured, cost, chain, task: null, incarnation, host, epoch }).execute()
        return 'none'
      }
      await db.updateTable('usage').set({ ...measured, cost, host, epoch }).where('team', '=', team).where('agent', '=', agent).where('key', '=', record.key).execute()
      return { at: there.at, incarnation: there.incarnation, cost: there.cost }
    },
    async price({ agent, key }, cost) {
      await db.updateTable('usage').set({ cost }).where('team', '=', by.team).where('agent', '=', agent).where('key', '=', key).execute()
    },
  }
}

function columns({ at, model, tokens }: UsageRecord) {
  const { input, output, cacheRead, cacheWrite, cacheWriteLong } = tokens
  return { at, model, input, output, cache_read: cacheRead, cache_write: cacheWrite, cache_write_long: cacheWriteLong ?? null }
}

function tokensOf(row: Pick<UsageTable, 'input' | 'output' | 'cache_read' | 'cache_write' | 'cache_write_long'>): UsageRecord['tokens'] {
  const long = row.cache_write_long === null ? {} : { cacheWriteLong: row.cache_write_long }
  return { input: row.input, output: row.output, cacheRead: row.cache_read, cacheWrite: row.cache_write, ...long }
}

function same<T extends Record<string, unknown>>(a: T, b: T): boolean {
  return (Object.keys(b) as (keyof T)[]).every((name) => a[name] === b[name])
}
