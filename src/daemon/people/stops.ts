import { dayOf } from '../../core/day.ts'
import type { Content } from '../../core/gateway.ts'
import type { JournalEvent } from '../../core/event.ts'
import { gatewaysFor } from '../../core/people.ts'
import { quoted } from '../../core/printable.ts'
import type { ShowingParts } from './showing.ts'

/** What is told again by a daemon that starts, in case the one before did not get to it, ms. */
const toldAgain = 3_600_000

/** Tells whom it concerns that a limit is near or reached, what a hook of a provider's limit says, and that an agent ran away: once for each limit, day and chat. */
export class Stops {
  readonly #parts: ShowingParts

  constructor(parts: ShowingParts) {
    this.#parts = parts
  }

  static concerns(type: string): boolean {
    return ['budget.warned', 'budget.stopped', 'budget.unpriced', 'breaker.tripped', 'limit.told'].includes(type)
  }

  async catchUp(now: number): Promise<void> {
    const recent = { since: now - toldAgain, limit: 200 }
    const events = await this.#parts.store.read(async (db) => [...(await db.events.recent({ ...recent, type: 'budget' })), ...(await db.events.recent({ ...recent, type: 'breaker' })), ...(await db.events.recent({ ...recent, type: 'limit' }))])
    for (const event of events) if (Stops.concerns(event.type)) await this.tell(event)
  }

  async tell(event: JournalEvent): Promise<void> {
    const { store, outbox, team, lines } = this.#parts
    const { agent } = event
    if (agent === null) return
    const wanted = new Set(gatewaysFor(team(), agent).map(({ id }) => id))
    const places = lines().filter(({ settings }) => wanted.has(settings.id)).flatMap(({ settings, chats }) => chats.map((chat) => ({ gateway: settings.id, chat })))
    if (places.length === 0) return
    const content: Content = { kind: 'text', text: textOf(event, agent), format: 'plain', replyTo: null, buttons: [] }
    await store.write(async (tx) => {
      for (const { gateway, chat } of places) await outbox.put(tx, { key: `${keyOf(event, team().budget.timezone)} ${gateway} ${chat}`, gateway, chat, content, urgency: 'ordinary' })
    })
  }
}

/** All agents that one limit stops on one day, as the team counts days, are one matter; each run is one of its own. */
function keyOf({ type, subject, agent, at, data }: JournalEvent, timezone: string): string {
  if (type === 'limit.told') return `${type} ${subject} ${String(data['hook'])}`
  if (type === 'budget.unpriced') return `${type} ${String(data['model'])} ${String(data['day'])}`
  if (type === 'breaker.tripped') return `${type} ${agent ?? ''} ${at}`
  const when = data['period'] === 'run' ? at : dayOf(at, timezone).name
  return [type, data['scope'], data['id'], data['period'], data['limit'], when].map(String).join(' ')
}

function textOf({ type, data }: JournalEvent, agent: string): string {
  const fact = (name: string): string => String(data[name] ?? '')
  const whom = fact('scope') === 'team' ? 'The team' : fact('id')
  const spent = `$${fact('spent')} of $${fact('limit')} spent (${fact('rule')})`
  switch (type) {
    case 'limit.told':
      return fact('text')
    case 'budget.unpriced':
      return `⚠️ The price of ${quoted(fact('model'))}, which ${agent} uses, is not known: ${fact('unknownPrice') === 'stop' ? `${agent} is stopped` : `its calls count against no limit (${fact('rule')})`}. Name it in budget.prices, then troupe up`
    case 'budget.warned':
      return `⚠️ ${whom} is near its limit: ${spent}`
    case 'budget.stopped':
      if (data['blind'] === true) return `⛔ ${whom} is stopped: it has calls of unknown price, which ${fact('rule')} cannot count`
      return `⛔ ${whom} is stopped: ${spent}, $${fact('over')} over it. More for today: troupe budget allow`
    default:
      return `⛔ ${agent} is stopped: ${fact('why')} (${fact('rule')}). troupe start ${agent} lets it go on`
  }
}
