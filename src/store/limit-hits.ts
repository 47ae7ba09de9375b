import { sql, type Selectable, type SqlBool } from 'kysely'
import { isOver, type HookRun, type LimitHit } from '../core/limit-hit.ts'
import type { Db } from './engine.ts'
import type { LimitHitTable, Written } from './schema.ts'
import type { LimitHitsReader, Tx } from './store.ts'

export function limitHitsReader(db: Db, team: string): LimitHitsReader {
  const all = () => db.selectFrom('limit_hits').selectAll().where('team', '=', team)
  return {
    async get(id) {
      const row = await all().where('id', '=', id).executeTakeFirst()
      return row && read(row)
    },
    // Word for word the condition of the index `limit_hits_open`.
    open: async () => (await all().where(sql<SqlBool>`open = 1`).orderBy('id').execute()).map(read),
    recent: async (agent, limit) => (await all().where('agent', '=', agent).orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(read),
  }
}

export function limitHitsWriter(db: Db, by: Written): Tx['limitHits'] {
  return {
    ...limitHitsReader(db, by.team),
    async put(hit) {
      const values = { ...by, ...columns(hit) }
      const { hooks, open, host, epoch } = values
      await db
        .insertInto('limit_hits')
        .values(values)
        .onConflict((conflict) => conflict.columns(['team', 'id']).doUpdateSet({ hooks, open, host, epoch }))
        .execute()
    },
  }
}

function columns(hit: LimitHit): Omit<LimitHitTable, keyof Written> {
  const { resetsAt, hooks, ...same } = hit
  return { ...same, resets_at: resetsAt, hooks: JSON.stringify(hooks), open: isOver(hit) ? 0 : 1 }
}

function read(row: Selectable<LimitHitTable>): LimitHit {
  const { id, agent, project, runtime, incarnation, at, until, raw } = row
  return { id, agent, project, runtime, incarnation, at, resetsAt: row.resets_at, until, raw, hooks: JSON.parse(row.hooks) as HookRun[] }
}
