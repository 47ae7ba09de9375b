import { markerOf } from '../../core/envelope.ts'
import type { Proof } from '../../core/ladder.ts'
import type { Parcels } from '../parcels.ts'
import type { Signals } from '../signals.ts'
import type { Client, Message } from './client.ts'
import { isRecord } from '../json.ts'
import { teamTools } from './permissions.ts'

/** Messages of a conversation that are read: a turn has one for each model call, with all that its tools said and the pictures it was shown. */
const reach = 200
/** Those that are read where all but the newest is known. */
const newest = 20
/** Usage older than this before the start was told by the incarnations of then. ms */
const usageReach = 24 * 60 * 60 * 1000
const clockSlack = 5_000
/** Messages of ours that are remembered as seen. */
const mostSeen = 2_000

/** A message that was put into the conversation, and where it stands there. */
export interface Entered {
  message: string
  /** Of its words: those that the pictures it may have come after. */
  part: string
  text: string
  /** ms */
  at: number
  /** A model call was begun with it. */
  taken: boolean
}

interface Parts {
  client: Client
  parcels: Parcels
  signals: Signals
  /** Of this incarnation, ms: an earlier one's text proves nothing for it. */
  startedAt: number
}

/** What stands in the conversations of one agent: proof of delivery, usage, work done. */
export class Conversation {
  readonly #parts: Parts
  readonly #proved = new Map<string, Proof>()
  readonly #told = new Set<string>()
  #entered: Entered[] = []
  #model: { providerID: string; modelID: string } | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Of the last answer; null before the first. */
  get model(): { providerID: string; modelID: string } | null {
    return this.#model
  }

  /** Reads the agent's own conversation. What was told before is not told again. */
  async read(session: string): Promise<void> {
    this.#take(await this.#parts.client.messages(session, reach))
  }

  /** Reads what an event tells of, where nothing was missed since the last reading. */
  async readOn(session: string): Promise<void> {
    this.#take(await this.#parts.client.messages(session, newest))
  }

  #take(messages: Message[]): void {
    const answers = messages.filter(({ info }) => info['role'] === 'assistant')
    const upTo = answers.reduce((last, { info }) => max(last, String(info['parentID'] ?? '')), '')
    const from = String(messages[0]?.info['id'] ?? '')
    const before = this.#entered.filter(({ message }) => message < from).map((each) => ({ ...each, taken: each.taken || each.message <= upTo }))
    this.#entered = [...before, ...messages.filter(({ info }) => info['role'] === 'user').map((message) => entered(message, upTo))].slice(-reach)
    for (const each of messages) this.usage(each.info, each.parts)
    const last = answers.at(-1)?.info
    if (last !== undefined) this.#model = { providerID: String(last['providerID']), modelID: String(last['modelID']) }
    for (const each of this.#entered) if (each.taken) this.#prove(each)
    const final = answers.at(-1)
    if (final !== undefined) this.#lastWords(final)
  }

  /** Of a turn: an answer that is whole, and that no tool call makes another one follow. */
  #lastWords(message: Message): void {
    const { info } = message
    const time = isRecord(info['time']) ? info['time'] : {}
    const text = message.parts.filter(isWords).map((part) => String(part['text'])).join('\n')
    if (typeof time['completed'] !== 'number' || info['error'] !== undefined || info['finish'] === 'tool-calls' || text === '') return
    if (createdAt(info) < this.#parts.startedAt || !this.#first(`said ${String(info['id'])}`)) return
    this.#parts.signals.emit({ type: 'said', text, at: time['completed'] })
  }

  /** What other conversations, such as those of subagents, have cost. */
  async readUsage(session: string): Promise<void> {
    for (const { info, parts } of await this.#parts.client.messages(session, reach)) this.usage(info, parts)
  }

  proofOf(marker: string): Proof | null {
    return this.#proved.get(marker) ?? null
  }

  /** Where a message stands that was put in, by this daemon or another. */
  find(marker: string): Entered | null {
    return this.#entered.findLast((each) => markerOf(each.text) === marker) ?? null
  }

  /** What was put in last, if no model has been asked with it: its turn was broken off before. */
  get waiting(): Entered | null {
    const last = this.#entered.at(-1)
    return last === undefined || last.taken ? null : last
  }

  /** Of one model call, once it is over; and of tools that did their work. */
  usage(info: Record<string, unknown>, parts: Record<string, unknown>[] = []): void {
    const { signals, startedAt } = this.#parts
    for (const part of parts) this.tool(part)
    const time = isRecord(info['time']) ? info['time'] : {}
    const tokens = isRecord(info['tokens']) ? info['tokens'] : {}
    const at = createdAt(info)
    if (info['role'] !== 'assistant' || typeof time['completed'] !== 'number' || at < startedAt - usageReach) return
    const cache = isRecord(tokens['cache']) ? tokens['cache'] : {}
    const counts = { input: count(tokens['input']), output: count(tokens['output']) + count(tokens['reasoning']), cacheRead: count(cache['read']), cacheWrite: count(cache['write']) }
    if (Object.values(counts).every((each) => each === 0) || !this.#first(`usage ${String(info['id'])}`)) return
    signals.emit({ type: 'usage', usage: { key: String(info['id']), at, model: String(info['modelID']), tokens: counts } })
  }

  /** Said of successes only, and not of the team's own tools. */
  tool(part: Record<string, unknown>): void {
    const state = isRecord(part['state']) ? part['state'] : {}
    const time = isRecord(state['time']) ? state['time'] : {}
    const tool = String(part['tool'])
    if (part['type'] !== 'tool' || state['status'] !== 'completed' || tool.startsWith(teamTools)) return
    if (count(time['end']) < this.#parts.startedAt || !this.#first(`work ${String(part['callID'])}`)) return
    this.#parts.signals.emit({ type: 'work', tool })
  }

  #prove({ text, at }: Entered): void {
    if (at < this.#parts.startedAt - clockSlack) return
    const given = this.#parts.parcels.in(text).map(({ parcel }) => parcel.marker)
    const found = markerOf(text)
    for (const marker of given) this.#proof(marker, 'protocol', 'a model call was begun with it', at)
    // Another daemon may have given it.
    if (found !== null) this.#proof(found, 'record', 'it stands in the conversation, before an answer', at)
  }

  #proof(marker: string, proof: Proof, what: string, at: number): void {
    if (this.#proved.has(marker)) return
    this.#proved.set(marker, proof)
    this.#parts.signals.emit({ type: 'proof', marker, proof, evidence: { at, what, source: proof === 'protocol' ? 'http' : 'conversation' } })
  }

  #first(key: string): boolean {
    if (this.#told.has(key)) return false
    this.#told.add(key)
    const [oldest] = this.#told
    if (this.#told.size > mostSeen && oldest !== undefined) this.#told.delete(oldest)
    return true
  }
}

function entered(message: Message, upTo: string): Entered {
  const part = message.parts.find(isWords)
  const id = String(message.info['id'])
  return { message: id, part: String(part?.['id'] ?? ''), text: String(part?.['text'] ?? ''), at: createdAt(message.info), taken: id <= upTo }
}

/** What OpenCode adds itself is synthetic. */
function isWords(part: Record<string, unknown>): boolean {
  return part['type'] === 'text' && part['synthetic'] !== true
}

function createdAt(info: Record<string, unknown>): number {
  return isRecord(info['time']) ? count(info['time']['created']) : 0
}

/** Ids are in the order in which they were made. */
function max(a: string, b: string): string {
  return a > b ? a : b
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
