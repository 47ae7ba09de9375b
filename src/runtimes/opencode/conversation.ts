import { markerOf } from '../../core/envelope.ts'
import type { Proof } from '../../core/ladder.ts'
import type { Parcels } from '../parcels.ts'
import type { Signals } from '../signals.ts'
import type { Client, Message } from './client.ts'
import { isRecord } from '../json.ts'
import { teamTools } from './permissions.ts'

/** Messages of a conversation that are read: a turn has one for each model call. */
const reach = 200
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
    const messages = await this.#parts.client.messages(session, reach)
    const answers = messages.filter(({ info }) => info['role'] === 'assistant')
    const upTo = answers.reduce((last, { info }) => max(last, String(info['parentID'] ?? '')), '')
    this.#entered = messages.filter(({ info }) => info['role'] === 'user').map((message) => entered(message, upTo))
    for (const each of messages) this.usage(each.info, each.parts)
    const last = answers.at(-1)?.info
    if (last !== undefined) this.#model = { providerID: String(last['providerID']), modelID: String(last['modelID']) }
    for (const message of messages) if (message.info['role'] === 'user') this.#prove(message, upTo)
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

  #prove(message: Message, upTo: string): void {
    const at = createdAt(message.info)
    if (String(message.info['id']) > upTo || at < this.#parts.startedAt - clockSlack) return
    const text = textOf(message)
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
  return { message: id, part: String(part?.['id'] ?? ''), text: String(part?.['text'] ?? ''), taken: id <= upTo }
}

function textOf({ parts }: Message): string {
  return parts.filter(isWords).map((part) => String(part['text'])).join('\n')
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
