import { sql, type Selectable, type SqlBool } from 'kysely'
import type { Delivery, DeliveryState } from '../core/delivery.ts'
import type { Attachment } from '../core/attachment.ts'
import { sha256 } from '../core/event.ts'
import type { Proof, Rung } from '../core/ladder.ts'
import type { Message, Outside, Priority, Trust } from '../core/message.ts'
import type { DeliveryTable, MessageTable, Written } from './schema.ts'

/** Rows of mail and what they mean. */

/** Not acknowledged, not dead. Word for word the condition of the index `deliveries_open`: it serves no other. */
export const isOpen = sql<SqlBool>`state in ('queued', 'delivered')`

/** `attachments`: its own, in order. */
export function readMessage(row: Selectable<MessageTable>, attachments: Attachment[]): Message {
  return {
    id: row.id,
    n: row.n,
    from: row.sender,
    to: row.recipient,
    project: row.project,
    text: row.body,
    threadId: row.thread_id,
    priority: row.priority as Priority,
    trust: row.trust as Trust,
    key: row.key,
    chain: row.chain,
    hop: row.hop,
    control: row.control === null ? null : (JSON.parse(row.control) as Message['control']),
    sentAt: row.sent_at,
    taint: row.taint === null ? [] : row.taint.split(' '),
    attachments,
    ...(row.outside === null ? {} : { outside: JSON.parse(row.outside) as Outside }),
  }
}

export function messageRow(by: Written, message: Message): MessageTable {
  return {
    ...by,
    id: message.id,
    n: message.n,
    sender: message.from,
    recipient: message.to,
    project: message.project,
    body: message.text,
    body_hash: sha256(message.text),
    thread_id: message.threadId,
    priority: message.priority,
    trust: message.trust,
    key: message.key,
    chain: message.chain,
    hop: message.hop,
    control: message.control === null ? null : JSON.stringify(message.control),
    sent_at: message.sentAt,
    taint: message.taint.length === 0 ? null : message.taint.join(' '),
    attached: message.attachments.length === 0 ? null : message.attachments.length,
    outside: message.outside === undefined ? null : JSON.stringify(message.outside),
    outside_id: message.outside?.message ?? null,
  }
}

export function readDelivery(row: Selectable<DeliveryTable>): Delivery {
  return {
    messageId: row.message_id,
    n: row.n,
    recipient: row.recipient,
    state: row.state as DeliveryState,
    proof: row.proof as Proof | null,
    typed: row.typed === 1,
    incarnation: row.incarnation,
    rung: row.rung as Rung | null,
    attempts: row.attempts,
    reason: row.reason,
    queuedAt: row.queued_at,
    deliveredAt: row.delivered_at,
    ackedAt: row.acked_at,
  }
}

/** A delivery as it begins: queued, nothing tried. */
export function queuedRow(by: Written, message: Message, recipient: string, queuedAt: number): DeliveryTable {
  return {
    ...by,
    message_id: message.id,
    recipient,
    n: message.n,
    state: 'queued',
    proof: null,
    typed: 0,
    incarnation: null,
    rung: null,
    attempts: 0,
    reason: null,
    queued_at: queuedAt,
    delivered_at: null,
    acked_at: null,
  }
}
