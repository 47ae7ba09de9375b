import { sql, type Selectable, type SqlBool } from 'kysely'
import type { Content } from '../core/gateway.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Db } from './engine.ts'
import type { OutboxTable, Written } from './schema.ts'
import type { OutboxReader, Tx } from './store.ts'

/** Word for word the condition of the index `outbox_queued`. */
const isQueued = sql<SqlBool>`state = 'queued'`

export function outboxReader(db: Db, team: string): OutboxReader {
  const all = () => db.selectFrom('outbox').selectAll().where('team', '=', team)
  return {
    get: async (id) => first(await all().where('id', '=', id).execute()),
    byKey: async (key) => first(await all().where('key', '=', key).execute()),
    queued: async (gateway, limit) => (await all().where('gateway', '=', gateway).where(isQueued).orderBy('id').limit(limit).execute()).map(read),
    ofApproval: async (approval) => (await all().where('approval', '=', approval).orderBy('id').execute()).map(read),
    async ofMessages(ids) {
      if (ids.length === 0) return []
      return (await all().where('message', 'in', ids).orderBy('id').execute()).map(read)
    },
    async counts() {
      const rows = await db
        .selectFrom('outbox')
        .select(['gateway', (by) => by.fn.countAll().as('rows')])
        .where('team', '=', team)
        .where(isQueued)
        .groupBy('gateway')
        .execute()
      return Object.fromEntries(rows.map(({ gateway, rows: count }) => [gateway, Number(count)]))
    },
  }
}

export function outboxWriter(db: Db, by: Written): Tx['outbox'] {
  return {
    ...outboxReader(db, by.team),
    async insert(outgoing) {
      const query = db.insertInto('outbox').values({ ...by, ...columns(outgoing) })
      const { numInsertedOrUpdatedRows } = await query.onConflict((conflict) => conflict.columns(['team', 'key']).doNothing()).executeTakeFirst()
      return (numInsertedOrUpdatedRows ?? 0n) > 0n
    },
    async update(id, change) {
      const { platformId, sentAt, ...same } = change
      const set = { ...same, ...(platformId === undefined ? {} : { platform_id: platformId }), ...(sentAt === undefined ? {} : { sent_at: sentAt }) }
      const { host, epoch } = by
      await db.updateTable('outbox').set({ ...set, host, epoch }).where('team', '=', by.team).where('id', '=', id).execute()
    },
    async prune(before) {
      const query = db.deleteFrom('outbox').where('team', '=', by.team).where('state', '!=', 'queued').where('created_at', '<', before)
      return Number((await query.executeTakeFirst()).numDeletedRows)
    },
  }
}

export function noncesWriter(db: Db, by: Written): Tx['nonces'] {
  return {
    async use(gateway, nonce, at, forgetBefore) {
      await db.deleteFrom('nonces').where('team', '=', by.team).where('gateway', '=', gateway).where('at', '<', forgetBefore).execute()
      const query = db.insertInto('nonces').values({ ...by, gateway, nonce, at })
      const { numInsertedOrUpdatedRows } = await query.onConflict((conflict) => conflict.columns(['team', 'gateway', 'nonce']).doNothing()).executeTakeFirst()
      return (numInsertedOrUpdatedRows ?? 0n) > 0n
    },
  }
}

function columns(outgoing: Outgoing): Omit<OutboxTable, keyof Written> {
  const { content, platformId, createdAt, sentAt, ...same } = outgoing
  return { ...same, content: JSON.stringify(content), platform_id: platformId, created_at: createdAt, sent_at: sentAt }
}

function first(rows: Selectable<OutboxTable>[]): Outgoing | undefined {
  return rows[0] && read(rows[0])
}

function read(row: Selectable<OutboxTable>): Outgoing {
  return {
    id: row.id,
    key: row.key,
    gateway: row.gateway,
    chat: row.chat,
    content: JSON.parse(row.content) as Content,
    urgency: row.urgency as Outgoing['urgency'],
    approval: row.approval,
    nonce: row.nonce,
    message: row.message,
    state: row.state as Outgoing['state'],
    parts: row.parts,
    platformId: row.platform_id,
    attempts: row.attempts,
    reason: row.reason,
    createdAt: row.created_at,
    sentAt: row.sent_at,
  }
}
