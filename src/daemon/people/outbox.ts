import type { Clock } from '../../core/clock.ts'
import type { Content } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'
import type { Tx } from '../../store/store.ts'
import { orderedIds } from '../../util/ordered-id.ts'

export interface Draft {
  /** Against doubles: a second row of the same key is not made. */
  key: string
  gateway: string
  chat: string
  content: Content
  urgency: Outgoing['urgency']
  approval?: string
  nonce?: string
  message?: string
}

/** Where everything that goes to people begins: durable, once, in order. */
export class Outbox {
  readonly #clock: Clock
  readonly #nextId: () => string

  constructor(clock: Clock) {
    this.#clock = clock
    this.#nextId = orderedIds(() => clock.now())
  }

  /** Null where there is one of that key already. */
  async put(tx: Tx, draft: Draft): Promise<Outgoing | null> {
    const { key, gateway, chat, content, urgency, approval = null, nonce = null, message = null } = draft
    const row: Outgoing = {
      ...{ id: this.#nextId(), key, gateway, chat, content, urgency, approval, nonce, message },
      ...{ state: 'queued', parts: 0, platformId: null, attempts: 0, reason: null, createdAt: this.#clock.now(), sentAt: null },
    }
    if (!(await tx.outbox.insert(row))) return null
    await tx.journal({ type: 'outbox.queued', subject: row.id, agent: null, data: { gateway, chat, kind: content.kind, urgency, ...(approval === null ? {} : { approval }), ...(message === null ? {} : { message }) } })
    return row
  }
}
