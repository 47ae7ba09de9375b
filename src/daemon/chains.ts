import type { Clock } from '../core/clock.ts'
import type { TroupeError } from '../core/error.ts'
import type { JournalEvent } from '../core/event.ts'
import { LoopGuard, loopStopped, type Link } from '../core/loop-guard.ts'
import type { Message } from '../core/message.ts'
import type { Team } from '../core/team.ts'
import type { Reader, Store, Tx } from '../store/store.ts'
import type { Agents } from './agents.ts'

/** Tainted messages on their way that are remembered; more are rare enough to be looked up after a restart only. */
const mostTainted = 10_000
/** Of all agents: each conversation has few. */
const mostTouches = 10_000
/** Refusals of one sender stand in the journal at most this often. ms */
const tellEveryMs = 1_000

/** What an agent was told last. `last`: by an earlier daemon, it stands in the store; null: the guard knows it. */
interface Told {
  incarnation: string | null
  message: string | null
  last: boolean
  /** Since it was told that. */
  worked: boolean
}

/** `by`: what a conversation holds of strangers. */
interface Touch {
  session: unknown
  by: string
}

interface Refusals {
  times: number
  at: number
  toldAt: number | null
  untold: number
}

export interface ChainParts {
  store: Store
  clock: Clock
  agents: Agents
  team(): Team
  /** Beside the agent's terminal, for whoever looks at it; null when it is over. */
  show(agent: string, text: string | null): void
}

/**
 * Which message made an agent write: the last that entered the context of its present run. What a chain came to is in
 * memory; after a restart of the daemon it goes on from the agent's last delivery.
 */
export class Chains {
  readonly #parts: ChainParts
  readonly #guard = new LoopGuard()
  readonly #told = new Map<string, Told>()
  /** Messages on their way that carry more than their sender's own words. */
  readonly #tainted = new Map<string, string[]>()
  /** By agent: what its conversation holds of others. */
  readonly #taints = new Map<string, Set<string>>()
  /** By agent, what was put on record: of earlier daemons too, once that was read. */
  readonly #touches = new Map<string, Touch[]>()
  #read: Promise<void> | null = null
  /** Whose terminals tell of a refusal. */
  readonly #shown = new Set<string>()
  readonly #refusals = new Map<string, Map<string, Refusals>>()

  constructor(parts: ChainParts) {
    this.#parts = parts
    parts.store.subscribe((events) => {
      for (const event of events) this.#heard(event)
    })
    parts.agents.subscribe((after, before) => {
      if (after.session !== before.session) this.#taints.delete(after.address)
    })
  }

  /** A tool other than the team's did what this run of the agent asked for. */
  worked(agent: string, incarnation: string): void {
    const told = this.#told.get(agent)
    if (told?.incarnation !== incarnation) {
      if (this.#parts.agents.get(agent).incarnation !== incarnation) return
      this.#told.set(agent, { incarnation, message: null, last: true, worked: true })
    } else if (told.last || told.message !== null) told.worked = true
    else this.#guard.worked(agent)
  }

  /** Counts one send of an agent. Throws `throttled`. `id`: of the message. */
  async admit(tx: Tx, agent: string, id: string): Promise<Link> {
    await this.#learn(tx, agent)
    const { clock, team } = this.#parts
    const admitted = this.#guard.take(agent, id, team().loopGuard, clock.elapsed())
    if (admitted.ok) {
      if (this.#shown.delete(agent)) this.#parts.show(agent, null)
      return admitted.link
    }
    throw loopStopped(agent, admitted.refusal)
  }

  /** Of a message to be sent: its own, and what its sender was told before. Known after `admit`. */
  taint({ from, taint }: Pick<Message, 'from' | 'taint'>): string[] {
    return [...new Set([...taint, ...(this.#taints.get(from) ?? [])])].toSorted()
  }

  /** Of what a run of an agent was told last; null where it was told nothing. */
  async chainOf(db: Reader, agent: string, incarnation: string): Promise<string | null> {
    if (this.#parts.agents.get(agent).incarnation !== incarnation) return null
    await this.#learn(db, agent)
    return this.#guard.causeOf(agent)?.chain ?? null
  }

  /** What of others' words the agent's conversation holds, so that it may act by them: bridges, and `web`. */
  async taintOf(agent: string): Promise<string[]> {
    await this.#parts.store.read(async (db) => await this.#learn(db, agent))
    return [...(this.#taints.get(agent) ?? [])].toSorted()
  }

  /** Its conversation takes in what strangers write. On record before that is so. */
  async touched(agent: string, by: string): Promise<void> {
    if (this.#taints.get(agent)?.has(by) === true) return
    const { session, incarnation } = this.#parts.agents.get(agent)
    await this.#parts.store.write(async (tx) => await tx.journal({ type: 'agent.tainted', subject: agent, agent, data: { by, session, incarnation } }))
    this.#taintBy(agent, [by])
  }

  giveBack(agent: string, link: Link): void {
    this.#guard.giveBack(agent, link)
  }

  /** Puts a refusal of `admit` on record; resolves once that is durable. */
  async refused(agent: string, to: string, { facts, message }: TroupeError): Promise<void> {
    const { clock, store } = this.#parts
    const byLimit = this.#refusals.get(agent) ?? new Map<string, Refusals>()
    this.#refusals.set(agent, byLimit)
    const limit = String(facts['limit'])
    this.#shown.add(agent)
    this.#parts.show(agent, message)
    const before = byLimit.get(limit) ?? { times: 0, at: 0, toldAt: null, untold: 0 }
    const now = clock.elapsed()
    const due = [...byLimit.values()].every(({ toldAt }) => toldAt === null || now - toldAt >= tellEveryMs)
    const untold = before.untold + 1
    byLimit.set(limit, { times: before.times + 1, at: clock.now(), toldAt: due ? now : before.toldAt, untold: due ? 0 : untold })
    if (!due) return
    const data = { to, ...facts, why: message, refused: untold }
    await store.write(async (tx) => await tx.journal({ type: 'message.throttled', subject: agent, agent, data }))
  }

  /** For people: refusals since the daemon began, by limit. */
  refusals(agent: string): Record<string, { times: number; last: number }> {
    const byLimit = this.#refusals.get(agent) ?? new Map<string, Refusals>()
    return Object.fromEntries([...byLimit].map(([limit, { times, at }]) => [limit, { times, last: at }]))
  }

  #heard({ type, agent, subject, data }: JournalEvent): void {
    if (type === 'agent.tainted' && agent !== null) return this.#noteTouch(agent, data)
    if (type === 'message.sent' && Array.isArray(data['taint'])) return this.#note(subject, data['taint'].map(String))
    const entered = type === 'delivery.delivered' || (type === 'delivery.acked' && data['unseen'] === true)
    if (!entered || agent === null) return
    const before = this.#told.get(agent)
    const incarnation = String(data['incarnation'])
    // What an earlier daemon told this run is still to be looked up, for its taint.
    const last = before === undefined || before.incarnation !== incarnation || before.last
    this.#told.set(agent, { incarnation, message: subject, last, worked: false })
    this.#taintBy(agent, this.#tainted.get(subject) ?? [])
  }

  #note(message: string, taint: string[]): void {
    this.#tainted.set(message, taint)
    const [oldest] = this.#tainted.keys()
    if (this.#tainted.size > mostTainted && oldest !== undefined) this.#tainted.delete(oldest)
  }

  #taintBy(agent: string, taint: readonly string[]): void {
    if (taint.length > 0) this.#taints.set(agent, new Set([...(this.#taints.get(agent) ?? []), ...taint]))
  }

  #noteTouch(agent: string, { session, by }: JournalEvent['data']): void {
    this.#touches.set(agent, [...(this.#touches.get(agent) ?? []), { session, by: String(by) }])
  }

  /** What any daemon put on record about the conversation that goes on. The journal is long: it is looked through once. */
  async #touchesOf(db: Reader, agent: string): Promise<string[]> {
    await (this.#read ??= this.#readTouches(db).catch((error: unknown) => {
      this.#read = null
      throw error
    }))
    const { session } = this.#parts.agents.get(agent)
    return (this.#touches.get(agent) ?? []).filter((touch) => touch.session === session).map(({ by }) => by)
  }

  async #readTouches(db: Reader): Promise<void> {
    for (const { agent, data } of await db.events.recent({ type: 'agent.tainted', limit: mostTouches })) if (agent !== null) this.#noteTouch(agent, data)
  }

  async #learn(tx: Reader, agent: string): Promise<void> {
    const { incarnation } = this.#parts.agents.get(agent)
    const told = this.#told.get(agent)
    const here = told?.incarnation === incarnation
    // An earlier daemon may have left a notice there.
    if (told === undefined) this.#shown.add(agent)
    if (here && !told.last && told.message === null) return
    if (!here) this.#guard.forget(agent)
    if (incarnation !== null && (!here || told.last)) {
      this.#taintBy(agent, await tx.deliveries.taints(agent, incarnation))
      this.#taintBy(agent, await this.#touchesOf(tx, agent))
      const cause = await tx.deliveries.last(agent, incarnation)
      if (cause !== undefined) this.#guard.told(agent, cause)
    }
    const message = here && told.message !== null ? await tx.messages.get(told.message) : undefined
    if (message !== undefined) this.#guard.told(agent, { chain: message.chain, hop: message.hop })
    if (here && told.worked) this.#guard.worked(agent)
    this.#told.set(agent, { incarnation, message: null, last: false, worked: false })
  }
}
