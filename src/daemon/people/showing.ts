import { randomBytes } from 'node:crypto'
import type { Approval } from '../../core/approval.ts'
import type { Content } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { gatewaysFor } from '../../core/people.ts'
import type { Team } from '../../core/team.ts'
import type { Reader, Store } from '../../store/store.ts'
import { cardContent, cardText } from './cards.ts'
import { stopContent } from './desk.ts'
import type { Opened } from './line.ts'
import type { Outbox } from './outbox.ts'

/** Approvals that are looked at when a daemon starts: what an earlier one did not get to. */
const mostLookedAt = 500

export interface ShowingParts {
  store: Store
  outbox: Outbox
  team(): Team
  /** Gateways that are open. */
  lines(): Opened[]
}

/** Shows each pending approval to whom it concerns, once in each chat, and how it ended, wherever it was decided. */
export class Showing {
  readonly #parts: ShowingParts

  constructor(parts: ShowingParts) {
    this.#parts = parts
  }

  /** What arose while nobody was there to show it, and what ended. */
  async catchUp(): Promise<void> {
    for (const approval of await this.#parts.store.read((db) => db.approvals.list({ pending: false, limit: mostLookedAt }))) await this.#now(approval)
  }

  async changed(id: string): Promise<void> {
    const approval = await this.#parts.store.read((db) => db.approvals.get(id))
    if (approval !== undefined) await this.#now(approval)
  }

  async #now(approval: Approval): Promise<void> {
    if (approval.status === 'pending') await this.#card(approval)
    else await this.#end(approval)
  }

  async #card(approval: Approval): Promise<void> {
    const { store, outbox, team, lines } = this.#parts
    const wanted = new Set(gatewaysFor(team(), approval.agent).map(({ id }) => id))
    const places = lines().filter(({ settings }) => wanted.has(settings.id)).flatMap(({ settings, chats }) => chats.map((chat) => ({ gateway: settings.id, chat })))
    if (places.length === 0) return
    await store.write(async (tx) => {
      for (const { gateway, chat } of places) {
        // What it says is made when it goes out: it may have ended by then.
        const content: Content = { kind: 'text', text: '', format: 'plain', replyTo: null, buttons: [] }
        await outbox.put(tx, { key: `card ${approval.id} ${gateway} ${chat}`, gateway, chat, content, urgency: 'approval', approval: approval.id, nonce: randomBytes(16).toString('base64url') })
      }
    })
  }

  /** Its buttons are worth nothing from here on, and go. */
  async #end(approval: Approval): Promise<void> {
    const { store, outbox } = this.#parts
    const cards = (await store.read((db) => db.outbox.ofApproval(approval.id))).filter(({ nonce }) => nonce !== null)
    if (cards.length === 0) return
    await store.write(async (tx) => {
      for (const { id, gateway, chat } of cards) {
        await tx.outbox.update(id, { nonce: null })
        await outbox.put(tx, { key: `edit ${id}`, gateway, chat, content: { kind: 'edit', message: id, text: cardText(approval) }, urgency: 'answer' })
      }
    })
  }

  /** What really goes out of a row now; null where nothing is left to show. */
  async prepare(row: Outgoing): Promise<Content | null> {
    const { store } = this.#parts
    const { content } = row
    if (content.kind === 'edit') return await store.read(async (db) => await edited(db, content))
    if (row.approval === null) return stopContent(row)
    const approval = await store.read((db) => db.approvals.get(row.approval ?? ''))
    return approval === undefined ? null : cardContent(approval, row)
  }
}

/** An edit names a row of ours; the platform knows its own id of it. */
async function edited(db: Reader, content: Content & { kind: 'edit' }): Promise<Content | null> {
  const card = await db.outbox.get(content.message)
  return card === undefined || card.platformId === null ? null : { ...content, message: card.platformId }
}
