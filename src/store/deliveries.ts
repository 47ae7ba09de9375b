import { sql, type Selectable } from 'kysely'
import type { Delivery, DeliveryState } from '../core/delivery.ts'
import type { Link } from '../core/loop-guard.ts'
import type { Message } from '../core/message.ts'
import { readMessages } from './attachments.ts'
import type { Db } from './engine.ts'
import { prepared } from './prepared.ts'
import { isOpen, readDelivery } from './rows.ts'
import type { DeliveryTable, Written } from './schema.ts'
import type { DeliveriesReader, DeliveryChange, Tx } from './store.ts'

type Row = Selectable<DeliveryTable>

export function deliveriesReader(db: Db, team: string): DeliveriesReader {
  return {
    async of(messageId) {
      const rows = await all(db, team).where('message_id', '=', messageId).orderBy('recipient').execute()
      return rows.map(readDelivery)
    },
    async get(messageId, recipient) {
      const [row] = (await one(db, { team, messageId, recipient })).rows
      return row && readDelivery(row)
    },
    open: async (recipient, limit) => await withMessages(db, team, (await open(db, { team, recipient, limit })).rows),
    due: async (recipient, incarnation, after, limit) =>
      await withMessages(db, team, (await due(db, { team, recipient, incarnation, after, limit })).rows),
    last: async (recipient, incarnation) => (await last(db, { team, recipient, incarnation, reach: lastReach })).rows[0],
    taints: async (recipient, incarnation) => (await taints(db, { team, recipient, incarnation, reach: lastReach })).rows.flatMap(({ taint }) => taint.split(' ')),
    async waiting() {
      const query = db.selectFrom('deliveries').select('recipient').distinct().where('team', '=', team).where(isOpen)
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

const all = (db: Db, team: string) => db.selectFrom('deliveries').selectAll().where('team', '=', team)

const openOf = (db: Db, { team, recipient, limit }: { team: string; recipient: string; limit: number }) =>
  all(db, team).where('recipient', '=', recipient).where(isOpen).orderBy('n').limit(limit)

const one = prepared((db, { team, messageId, recipient }: { team: string; messageId: string; recipient: string }) =>
  all(db, team).where('message_id', '=', messageId).where('recipient', '=', recipient),
)

const open = prepared(openOf)

const due = prepared((db, given: { team: string; recipient: string; incarnation: string; after: number; limit: number }) =>
  openOf(db, given)
    .where((row) => row.or([row('state', '=', 'queued'), row('incarnation', 'is', null), row('incarnation', '!=', given.incarnation)]))
    .where('n', '>', given.after),
)

/** Messages of the team among which the last one of an agent is looked for. */
const lastReach = 2_000

interface LastOf {
  team: string
  recipient: string
  incarnation: string
  reach: number
}

/** From the newest message down: by the index of their numbers, and the key of the deliveries. */
const entered = (db: Db, { team, recipient, reach }: Pick<LastOf, 'team' | 'recipient' | 'reach'>) =>
  db
    .selectFrom('messages as m')
    .innerJoin('deliveries as d', (join) => join.onRef('d.team', '=', 'm.team').onRef('d.message_id', '=', 'm.id'))
    .where('m.team', '=', team)
    .where('m.n', '>', (row) => row.selectFrom('messages').select((newest) => sql<number>`${newest.fn.max('n')} - ${reach}`.as('from')).where('team', '=', team))
    .where('d.recipient', '=', recipient)
    .where('d.delivered_at', 'is not', null)

const last = prepared<LastOf, Link>((db, { incarnation, ...given }) =>
  entered(db, given).select(['m.chain', 'm.hop']).where('d.incarnation', '=', incarnation).orderBy('m.n', 'desc').limit(1),
)

/** Of every incarnation with the same conversation. */
const taints = prepared<LastOf, { taint: string }>((db, { incarnation, ...given }) =>
  entered(db, given)
    .select('m.taint')
    .distinct()
    .where('m.taint', 'is not', null)
    .$narrowType<{ taint: string }>()
    .where('d.incarnation', 'in', (row) =>
      row
        .selectFrom('incarnations as i')
        .select('i.id')
        .where('i.team', '=', given.team)
        .where((each) =>
          each.or([
            each('i.id', '=', incarnation),
            each('i.session', '=', (same) => same.selectFrom('incarnations').select('session').where('team', '=', given.team).where('id', '=', incarnation)),
          ]),
        ),
    ),
)

/** Asked with every message of an agent. */
const backlog = prepared<{ team: string; recipient: string; most: number }, { open: number | string }>((db, { team, recipient, most }) => {
  const found = db.selectFrom('deliveries').select('n').where('team', '=', team).where('recipient', '=', recipient).where(isOpen).limit(most)
  return db.selectFrom(found.as('unacknowledged')).select((row) => row.fn.countAll<number | string>().as('open'))
})

export function deliveriesWriter(db: Db, by: Written): Tx['deliveries'] {
  return {
    ...deliveriesReader(db, by.team),
    async update(messageId, recipient, from, change) {
      if (from.length === 0) return false
      const { numAffectedRows } = await update(db, { messageId, recipient, from, change: columns(change), by })
      return (numAffectedRows ?? 0n) > 0n
    },
  }
}

interface Update {
  messageId: string
  recipient: string
  from: DeliveryState[]
  change: Partial<DeliveryTable>
  by: Written
}

const update = prepared((db, { messageId, recipient, from, change, by }: Update) =>
  db
    .updateTable('deliveries')
    .set({ ...change, host: by.host, epoch: by.epoch })
    .where('team', '=', by.team)
    .where('message_id', '=', messageId)
    .where('recipient', '=', recipient)
    .where('state', 'in', from),
)

const messagesOf = prepared((db, { team, ids }: { team: string; ids: string[] }) =>
  db.selectFrom('messages').selectAll().where('team', '=', team).where('id', 'in', ids),
)

async function withMessages(db: Db, team: string, rows: Row[]): Promise<{ message: Message; delivery: Delivery }[]> {
  if (rows.length === 0) return []
  const { rows: found } = await messagesOf(db, { team, ids: rows.map((row) => row.message_id) })
  const messages = new Map((await readMessages(db, team, found)).map((message) => [message.id, message]))
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
    .where(isOpen)
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
