import { sql, type Selectable } from 'kysely'
import type { Delivery, DeliveryState } from '../core/delivery.ts'
import type { Message } from '../core/message.ts'
import type { Db } from './engine.ts'
import { prepared } from './prepared.ts'
import { readDelivery, readMessage } from './rows.ts'
import type { DeliveryTable, Written } from './schema.ts'
import type { DeliveriesReader, DeliveryChange, Tx } from './store.ts'

const unacknowledged: DeliveryState[] = ['queued', 'delivered']

export function deliveriesReader(db: Db, team: string): DeliveriesReader {
  const all = () => db.selectFrom('deliveries').selectAll().where('team', '=', team)
  return {
    async of(messageId) {
      const rows = await all().where('message_id', '=', messageId).orderBy('recipient').execute()
      return rows.map(readDelivery)
    },
    async get(messageId, recipient) {
      const row = await all().where('message_id', '=', messageId).where('recipient', '=', recipient).executeTakeFirst()
      return row && readDelivery(row)
    },
    open: async (recipient, limit) =>
      await withMessages(db, team, await unacknowledgedOf(db, team, recipient).limit(limit).execute()),
    async due(recipient, incarnation, after, limit) {
      const missing = unacknowledgedOf(db, team, recipient).where((row) =>
        row.or([row('state', '=', 'queued'), row('incarnation', 'is', null), row('incarnation', '!=', incarnation)]),
      )
      return await withMessages(db, team, await missing.where('n', '>', after).limit(limit).execute())
    },
    async waiting() {
      const query = db.selectFrom('deliveries').select('recipient').distinct().where('team', '=', team)
      const rows = await query.where('state', '=', 'queued').orderBy('recipient').execute()
      return rows.map((row) => row.recipient)
    },
    async backlog(recipient, most) {
      const { rows } = await backlog(db, { team, recipient, most })
      return Number(rows[0]?.open ?? 0)
    },
    counts: () => counts(db, team),
  }
}

/** Asked with every message of an agent. */
const backlog = prepared<{ team: string; recipient: string; most: number }, { open: number | string }>((db, given) => {
  const open = db
    .selectFrom('deliveries')
    .select('n')
    .where('team', '=', given.team)
    .where('state', 'in', unacknowledged)
    .where('recipient', '=', given.recipient)
    .limit(given.most)
  return db.selectFrom(open.as('unacknowledged')).select((row) => row.fn.countAll<number | string>().as('open'))
})

export function deliveriesWriter(db: Db, by: Written): Tx['deliveries'] {
  return {
    ...deliveriesReader(db, by.team),
    async update(messageId, recipient, from, change) {
      if (from.length === 0) return false
      const result = await db
        .updateTable('deliveries')
        .set({ ...columns(change), host: by.host, epoch: by.epoch })
        .where('team', '=', by.team)
        .where('message_id', '=', messageId)
        .where('recipient', '=', recipient)
        .where('state', 'in', from)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
  }
}

function unacknowledgedOf(db: Db, team: string, recipient: string) {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where('team', '=', team)
    .where('state', 'in', unacknowledged)
    .where('recipient', '=', recipient)
    .orderBy('n')
}

async function withMessages(
  db: Db,
  team: string,
  rows: Selectable<DeliveryTable>[],
): Promise<{ message: Message; delivery: Delivery }[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.message_id)
  const found = await db.selectFrom('messages').selectAll().where('team', '=', team).where('id', 'in', ids).execute()
  const messages = new Map(found.map((row) => [row.id, readMessage(row)]))
  return rows.flatMap((row) => {
    const message = messages.get(row.message_id)
    return message === undefined ? [] : [{ message, delivery: readDelivery(row) }]
  })
}

async function counts(db: Db, team: string): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('deliveries')
    .select(['recipient', sql<number>`count(*)`.as('open')])
    .where('team', '=', team)
    .where('state', 'in', unacknowledged)
    .groupBy('recipient')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.recipient, row.open]))
}

function columns(change: DeliveryChange): Partial<DeliveryTable> {
  const { typed, deliveredAt, ackedAt, ...same } = change
  return {
    ...same,
    ...(typed === undefined ? {} : { typed: typed ? 1 : 0 }),
    ...(deliveredAt === undefined ? {} : { delivered_at: deliveredAt }),
    ...(ackedAt === undefined ? {} : { acked_at: ackedAt }),
  }
}
