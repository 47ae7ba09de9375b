import { sql, type QueryResult, type Selectable } from 'kysely'
import type { Delivery } from '../core/delivery.ts'
import { TroupeError } from '../core/error.ts'
import type { Message, MessageDraft } from '../core/message.ts'
import { insertAttachments, numbered, readMessages } from './attachments.ts'
import { nextNumber } from './counters.ts'
import type { Db } from './engine.ts'
import { inChunks, prepared } from './prepared.ts'
import { isOpen, messageRow, queuedRow, readDelivery } from './rows.ts'
import type { DeliveryTable, MessageTable, Written } from './schema.ts'
import type { MessagesReader, Tx } from './store.ts'

type Listed = { message: Message; deliveries: Delivery[] }

export function messagesReader(db: Db, team: string): MessagesReader {
  const one = async (found: Promise<QueryResult<Selectable<MessageTable>>>): Promise<Message | undefined> => {
    const [message] = await readMessages(db, team, (await found).rows)
    return message
  }
  return {
    get: (id) => one(byId(db, { team, id })),
    byN: (n) => one(byN(db, { team, n })),
    byKey: (sender, key) => one(byKey(db, { team, sender, key })),
    byOutside: async (recipient, id) => {
      const query = all(db, team).where('recipient', '=', recipient).where('outside_id', '=', id).orderBy('n', 'desc').limit(1)
      const [message] = await readMessages(db, team, await query.execute())
      return message
    },
    list: (filter) => list(db, team, filter),
    async counts(since) {
      const rows = await db.selectFrom('messages').select(['project', sql<number>`count(*)`.as('number')]).where('team', '=', team).where('sent_at', '>=', since).groupBy('project').execute()
      return Object.fromEntries(rows.map(({ project, number }) => [project, number]))
    },
  }
}

const all = (db: Db, team: string) => db.selectFrom('messages').selectAll().where('team', '=', team)
const byId = prepared((db, { team, id }: { team: string; id: string }) => all(db, team).where('id', '=', id))
const byN = prepared((db, { team, n }: { team: string; n: number }) => all(db, team).where('n', '=', n))
const byKey = prepared((db, { team, sender, key }: { team: string; sender: string; key: string }) =>
  all(db, team).where('sender', '=', sender).where('key', '=', key),
)

export function messagesWriter(db: Db, by: Written, now: () => number): Tx['messages'] {
  return { ...messagesReader(db, by.team), insert: (draft, recipients) => insert(db, by, draft, recipients, now()) }
}

async function list(db: Db, team: string, filter: Parameters<MessagesReader['list']>[0]): Promise<Listed[]> {
  const { agent, limit, unread } = filter
  const query = db.selectFrom('messages').selectAll().where('team', '=', team).orderBy('n', 'desc').limit(limit)
  const deliveries = db.selectFrom('deliveries').select('n').where('team', '=', team)
  const received = agent === undefined ? deliveries : deliveries.where('recipient', '=', agent)
  const chosen =
    unread === true
      ? query.where('n', 'in', received.where(isOpen))
      : agent === undefined
        ? query
        : query.where((eb) => eb.or([eb('sender', '=', agent), eb('n', 'in', received)]))
  return withDeliveries(db, team, await readMessages(db, team, await chosen.execute()))
}

/** The words of each of these that is there, by id. */
export async function textsOf(db: Db, team: string, ids: string[]): Promise<Map<string, string>> {
  const rows = await db.selectFrom('messages').select(['id', 'body']).where('team', '=', team).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, body }) => [id, body]))
}

async function withDeliveries(db: Db, team: string, messages: Message[]): Promise<Listed[]> {
  if (messages.length === 0) return []
  const ids = messages.map((message) => message.id)
  const query = db.selectFrom('deliveries').selectAll().where('team', '=', team).where('message_id', 'in', ids)
  const rows = await query.orderBy('recipient').execute()
  const byMessage = Map.groupBy(rows.map(readDelivery), (delivery) => delivery.messageId)
  return messages.map((message) => ({ message, deliveries: byMessage.get(message.id) ?? [] }))
}

async function insert(db: Db, by: Written, draft: MessageDraft, recipients: string[], now: number): Promise<Message> {
  const n = await nextNumber(db, by.team, 'message')
  // Half of a surrogate pair has no UTF-8: what is returned is what a reader will get.
  const message: Message = { ...draft, text: draft.text.toWellFormed(), n, attachments: await numbered(db, by.team, draft.attachments ?? []) }
  const queued = recipients.map((recipient) => queuedRow(by, message, recipient, now))
  // Not one after the other: on PostgreSQL they then share a round trip.
  const [row, ...deliveries] = await Promise.allSettled([
    insertRow(db, messageRow(by, message)),
    ...inChunks(queued).map((some) => insertDeliveries(db, some)),
  ])
  if (row.status === 'fulfilled' && row.value.rows.length === 0) {
    throw new TroupeError('conflict', `${message.from} used the key ${JSON.stringify(message.key)} before`, {
      hint: 'use a new key for a new message',
      facts: { from: message.from, key: message.key },
    })
  }
  for (const inserted of [row, ...deliveries]) if (inserted.status === 'rejected') throw inserted.reason
  await insertAttachments(db, by, message.id, message.attachments)
  return message
}

const insertRow = prepared((db, row: MessageTable) =>
  db
    .insertInto('messages')
    .values(row)
    .onConflict((conflict) => conflict.columns(['team', 'sender', 'key']).where('key', 'is not', null).doNothing())
    .returning('id'),
)

const insertDeliveries = prepared((db, rows: DeliveryTable[]) => db.insertInto('deliveries').values(rows))
