import { resolveAgent } from '../../core/address.ts'
import { listed } from '../../core/attachment.ts'
import { describeDelivery, type Delivery } from '../../core/delivery.ts'
import { TroupeError } from '../../core/error.ts'
import type { JournalEvent } from '../../core/event.ts'
import { tokensOf, type Message } from '../../core/message.ts'
import { findAgent } from '../../core/team.ts'
import { isWithin, removedBy, removedType } from '../../core/retention.ts'
import type { Reader } from '../../store/store.ts'
import { describeOutgoing, type Outgoing } from '../../core/outbox.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** Mail as operators see it: what they send, what is in the mailboxes, and the story of one message. */
export function mail(parts: Parts): Pick<Handlers, 'send' | 'mail' | 'explain.message'> {
  return {
    send: async (input) => {
      const { message, deliveries } = await parts.mailroom.post({
        from: 'user',
        to: input.to,
        text: input.text,
        threadId: input.thread ?? null,
        priority: input.priority,
        key: input.key ?? null,
        attachments: input.attachments?.map((path) => ({ path })) ?? [],
      })
      return { id: message.id, n: message.n, deliveries, to: message.to, tokens: deliveries.length * tokensOf(message.text) }
    },
    mail: async (input) => {
      const agent = input.agent === undefined ? undefined : await mailboxOf(parts, input.agent)
      const filter = { limit: input.limit, unread: input.unread, ...(agent === undefined ? {} : { agent }) }
      const { rows, outgoing } = await parts.store.read(async (db) => {
        const found = await db.messages.list(filter)
        const away = found.filter(({ deliveries }) => deliveries.length === 0).map(({ message }) => message.id)
        return { rows: found, outgoing: Map.groupBy(await db.outbox.ofMessages(away), (row) => row.message ?? '') }
      })
      checkSize(rows)
      return rows.map(({ message, deliveries }) => ({
        id: message.id,
        n: message.n,
        from: message.from,
        to: message.to,
        fromName: nameOf(parts, message.from),
        toName: nameOf(parts, message.to),
        text: message.text,
        ...(deliveries.length === 0 ? wayOut(outgoing.get(message.id) ?? []) : summary(agent === undefined ? deliveries : ownOrAll(deliveries, agent))),
        sentAt: message.sentAt,
        attachments: message.attachments.map(listed),
      }))
    },
    'explain.message': async (input) => {
      const { message, deliveries, events, outgoing } = await parts.store.read(async (db) => {
        const found = await find(input.id, db)
        return { message: found, deliveries: await db.deliveries.of(found.id), events: await db.events.about(found.id), outgoing: await db.outbox.ofMessages([found.id]) }
      })
      return {
        id: message.id,
        n: message.n,
        from: message.from,
        to: message.to,
        text: message.text,
        sentAt: message.sentAt,
        attachments: message.attachments.map(listed),
        deliveries: [...deliveries.map((delivery) => story(parts, message, delivery, events)), ...outgoing.map((row) => outgoingStory(message, row))],
      }
    },
  }
}

/** Mail outlives its agent: the full address of one that left the team still finds it. */
async function mailboxOf(parts: Parts, name: string): Promise<string> {
  try {
    return resolveAgent(parts.team(), name).address
  } catch (error) {
    if (!name.includes(':')) throw error
    const left = await parts.store.read((db) => db.messages.list({ agent: name, limit: 1 }))
    if (left.length === 0) throw error
    return name
  }
}

function nameOf(parts: Parts, address: string): string | null {
  return findAgent(parts.team(), address)?.displayName ?? null
}

/** What one answer to an operator may hold, bytes of text: escaped, it still fits into one string. */
const mostText = 32 * 1024 * 1024

function checkSize(rows: { message: Message }[]): void {
  const bytes = rows.reduce((sum, { message }) => sum + Buffer.byteLength(message.text), 0)
  if (bytes <= mostText) return
  throw new TroupeError('too_large', `these ${rows.length} messages hold ${bytes} bytes, one answer holds ${mostText}`, {
    hint: 'ask for fewer at a time',
    facts: { size: bytes, limit: mostText },
  })
}

async function find(id: string, db: Reader): Promise<Message> {
  const number = /^#?(\d{1,15})$/.exec(id)?.[1]
  const found = number === undefined ? await db.messages.get(id) : await db.messages.byN(Number(number))
  if (found !== undefined) return found
  const removed = await removalOf(number === undefined ? await numberOf(id, db) : Number(number), db)
  if (removed === null) throw new TroupeError('unknown', `there is no message ${id}`, { hint: 'troupe mail lists the newest', facts: { id } })
  throw new TroupeError('unknown', `message ${id} is not there any more: removed by gc at ${new Date(removed).toISOString()}`, {
    hint: 'budget.message_ttl_hours says how long acknowledged messages are kept; troupe audit log has what the journal keeps of it',
    facts: { id, removedAt: removed },
  })
}

/** The journal remembers it longer than the mailbox. */
async function numberOf(id: string, db: Reader): Promise<number | null> {
  const n = (await db.events.about(id)).find(({ type }) => type === 'message.sent')?.data['n']
  return typeof n === 'number' ? n : null
}

/** Transactions of gc that are looked through. */
const mostRuns = 10_000

/** When gc took the message with this number, ms, as far as the newest runs tell. */
async function removalOf(n: number | null, db: Reader): Promise<number | null> {
  if (n === null) return null
  const runs = await db.events.recent({ type: removedType, limit: mostRuns })
  return runs.find((event) => isWithin(n, removedBy(event)))?.at ?? null
}

/** Where an agent is the recipient, its own delivery counts; where it is the sender, all of them. */
function ownOrAll(deliveries: Delivery[], agent: string): Delivery[] {
  const own = deliveries.filter((delivery) => delivery.recipient === agent)
  return own.length > 0 ? own : deliveries
}

const progress = ['dead', 'queued', 'delivered', 'acked'] as const

/** Many deliveries in one cell: the one that is least far, and how many are further. */
function summary(deliveries: Delivery[]): { state: string; proof: string | null } {
  const [first] = deliveries.toSorted((a, b) => progress.indexOf(a.state) - progress.indexOf(b.state))
  if (first === undefined) return { state: 'no recipients', proof: null }
  const same = deliveries.filter((delivery) => delivery.state === first.state).length
  const count = deliveries.length === 1 ? '' : ` (${same} of ${deliveries.length})`
  return { state: `${describeDelivery(first)}${count}`, proof: first.proof }
}

/** What goes to people has no deliveries: where its rows are. */
function wayOut(rows: Outgoing[]): { state: string; proof: null } {
  return { state: rows.length === 0 ? 'no recipients' : [...new Set(rows.map(describeOutgoing))].join('; '), proof: null }
}

function outgoingStory(message: Message, row: Outgoing) {
  const steps = [
    { at: message.sentAt, what: `stored as message #${message.n}`, by: message.from },
    { at: row.createdAt, what: `put into the outbox of ${row.gateway}`, by: 'troupe' },
    ...(row.sentAt === null ? [] : [{ at: row.sentAt, what: row.platformId === null ? 'confirmed by the platform' : `confirmed by the platform as its message ${row.platformId}`, by: 'troupe' }]),
  ]
  return { to: `${row.gateway}, chat ${row.chat}`, state: describeOutgoing(row), proof: null, steps }
}

function story(parts: Parts, message: Message, delivery: Delivery, events: JournalEvent[]) {
  const own = events.filter((event) => event.data['to'] === delivery.recipient && event.type.startsWith('delivery.'))
  const waiting = delivery.state === 'queued' ? parts.deliverer.waitingFor(message.id, delivery.recipient) : null
  return {
    to: delivery.recipient,
    state: describeDelivery(delivery),
    proof: delivery.proof,
    steps: [
      { at: message.sentAt, what: `stored as message #${message.n}`, by: message.from },
      ...own.map((event) => ({ at: event.at, what: stepText(event), by: event.type === 'delivery.acked' ? delivery.recipient : 'troupe' })),
      ...(waiting === null ? [] : [{ at: parts.clock.now(), what: `waits for ${waiting}`, by: 'troupe' }]),
    ],
  }
}

function stepText({ type, data }: JournalEvent): string {
  const run = typeof data['incarnation'] === 'string' ? ` (run ${data['incarnation'].slice(-12)})` : ''
  switch (type) {
    case 'delivery.offered':
      return `offered by ${String(data['rung'])}, ${String(data['result'])}: ${String(data['what'])}${run}`
    case 'delivery.delivered':
      return `delivered${data['again'] === true ? ' again' : ''} by ${String(data['rung'])}, proof ${String(data['proof'])}: ${String(data['what'])}${run}`
    case 'delivery.acked':
      return `acknowledged${typeof data['rung'] === 'string' ? `, offered by ${data['rung']}` : ''}${run}`
    case 'delivery.dead':
      return `given up: ${String(data['reason'])}`
    default:
      return type
  }
}
