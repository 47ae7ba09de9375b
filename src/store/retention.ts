import { sql, type ExpressionBuilder, type SqlBool } from 'kysely'
import type { Candidate } from '../core/retention.ts'
import type { Db } from './engine.ts'
import { isOpen } from './rows.ts'
import type { MessageTable, Schema, Written } from './schema.ts'
import type { RetentionReader, Tx } from './store.ts'

export function retentionReader(db: Db, team: string): RetentionReader {
  return {
    page: (after, limit) => page(db, team, after, limit),
    async newest() {
      const row = await db.selectFrom('counters').select('value').where('team', '=', team).where('kind', '=', 'message').executeTakeFirst()
      return row?.value ?? 0
    },
    async approvals({ before, project, limit }) {
      const all = db.selectFrom('approvals').select('id').where('team', '=', team).where('status', 'not in', ['pending', 'approved']).where('told', '=', 1)
      const chosen = project === null ? all : all.where('project', '=', project)
      const rows = await chosen.where(sql<SqlBool>`coalesce(used_at, decided_at, expires_at) < ${before}`).orderBy('n').limit(limit).execute()
      return rows.map(({ id }) => id)
    },
    async naming(sha256) {
      return await db.selectFrom('attachments').select(['message_id as messageId', 'sha256']).where('team', '=', team).where('sha256', 'in', sha256).execute()
    },
  }
}

export function retentionWriter(db: Db, by: Written): Tx['retention'] {
  const remove = async (table: 'messages' | 'approvals' | 'bridges', ids: readonly string[]): Promise<number> => {
    if (ids.length === 0) return 0
    const { numDeletedRows } = await db.deleteFrom(table).where('team', '=', by.team).where('id', 'in', ids).executeTakeFirst()
    return Number(numDeletedRows)
  }
  return {
    ...retentionReader(db, by.team),
    removeMessages: (ids) => remove('messages', ids),
    removeApprovals: (ids) => remove('approvals', ids),
    removeBridges: (ids) => remove('bridges', ids),
  }
}

type Of = ExpressionBuilder<Schema & { m: MessageTable }, 'm'>

const unacknowledged = (row: Of) =>
  row.selectFrom('deliveries').select('n').whereRef('deliveries.team', '=', 'm.team').whereRef('deliveries.message_id', '=', 'm.id').where(isOpen)

/** To a person: the gateway that carries it may still need its files. */
const onItsWay = (row: Of) =>
  row.selectFrom('outbox').select('outbox.id').whereRef('outbox.team', '=', 'm.team').whereRef('outbox.message', '=', 'm.id').where('outbox.state', '=', 'queued')

/** By the index of the numbers, so that no page looks at more rows than it has. */
async function page(db: Db, team: string, after: number, limit: number): Promise<Candidate[]> {
  const rows = await db
    .selectFrom('messages as m')
    .select(['m.id', 'm.n', 'm.project', 'm.thread_id', 'm.taint', 'm.attached', 'm.sent_at'])
    .select((row) => row.case().when(row.or([row.exists(unacknowledged(row)), row.exists(onItsWay(row))])).then(1).else(0).end().as('open'))
    .where('m.team', '=', team)
    .where('m.n', '>', after)
    .orderBy('m.n')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    n: row.n,
    project: row.project,
    threadId: row.thread_id,
    tainted: row.taint !== null,
    attached: row.attached ?? 0,
    open: Number(row.open) === 1,
    sentAt: row.sent_at,
  }))
}
