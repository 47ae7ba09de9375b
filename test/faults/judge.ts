import { eventHash, firstHash, sha256 } from '../../src/core/event.ts'
import type { Copy, Found, History, JournalLine, Reading, Receipt, Request, Send, StoredMessage } from './history.ts'

export type Kind = 'lost' | 'phantom' | 'duplicate' | 'order' | 'copies' | 'chain'

export interface Violation {
  kind: Kind
  what: string
}

/** What the delivery contract forbids, found in what clients saw and what is there at the end. Empty: it held. */
export function judge(history: History, found: Found): Violation[] {
  return [
    ...stored(history, found),
    ...history.readings.flatMap((reading) => [...seen(reading, found), ...copies(reading), ...visibleOrder(reading, history.sends)]),
    ...storedOrder(history.sends),
    ...chained(found),
  ]
}

/** How many of each kind, for people. */
export function tally(violations: readonly Violation[]): Record<Kind, number> {
  const counts = { lost: 0, phantom: 0, duplicate: 0, order: 0, copies: 0, chain: 0 }
  for (const { kind } of violations) counts[kind] += 1
  return counts
}

/** What was acknowledged to this sender, each different answer once. */
export function receipts(send: Send): Receipt[] {
  const all = send.tries.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.value] : []))
  return [...new Map(all.map((receipt) => [`${receipt.n} ${receipt.id}`, receipt])).values()]
}

/** Acknowledged sends are there as they were said, once; what nobody said, or what was refused, is not. */
function stored({ sends }: History, { messages }: Found): Violation[] {
  const byNumber = new Map(messages.map((message) => [message.n, message]))
  const bySaying = Map.groupBy(messages, ({ from, text }) => `${from} ${text}`)
  const said = new Set(sends.filter((send) => send.tries.some(({ outcome }) => outcome.kind !== 'refused')).map(({ from, text }) => `${from} ${text}`))
  const each = sends.flatMap((send): Violation[] => {
    const got = receipts(send)
    const twice = got.length > 1 || (bySaying.get(`${send.from} ${send.text}`)?.length ?? 0) > 1
    const lost = got.map((receipt) => ({ receipt, why: whyLost(send, receipt, byNumber.get(receipt.n)) })).filter(({ why }) => why !== null)
    return [
      ...(twice ? [{ kind: 'duplicate' as const, what: `${name(send)} is there more than once: ${got.map(({ n }) => `#${n}`).join(', ')}` }] : []),
      ...lost.map(({ receipt, why }) => ({ kind: 'lost' as const, what: `#${receipt.n}, ${name(send)}: ${why}` })),
    ]
  })
  const phantoms = messages.filter(({ from, text }) => !said.has(`${from} ${text}`))
  return [...each, ...phantoms.map(({ n, from, text }) => ({ kind: 'phantom' as const, what: `#${n} of ${from} was never sent: ${start(text)}` }))]
}

function whyLost(send: Send, receipt: Receipt, message: StoredMessage | undefined): string | null {
  if (message === undefined) return 'acknowledged, and not there'
  if (receipt.id !== null && receipt.id !== message.id) return `acknowledged as ${receipt.id}, there as ${message.id}`
  if (message.text !== send.text || message.from !== send.from || message.to !== send.to) return `there with other words: ${start(message.text)}`
  const there = message.deliveries.map(({ to }) => to).toSorted().join(', ')
  return there === send.recipients.toSorted().join(', ') ? null : `acknowledged for ${send.recipients.join(', ')}, there for ${there}`
}

/** What is there for this reader was shown to it, what it was shown is there, and what it acknowledged stays so. */
function seen(reading: Reading, { messages }: Found): Violation[] {
  const { agent, requests } = reading
  const byNumber = new Map(messages.map((message) => [message.n, message]))
  const shown = new Map(requests.flatMap(copiesOf).map((copy) => [copy.n, copy]))
  const acknowledged = acknowledgements(requests)
  const own = messages.flatMap((message) => message.deliveries.filter(({ to }) => to === agent).map(({ state }) => ({ message, state })))
  return [
    ...own.filter(({ message }) => !shown.has(message.n)).map(({ message }) => ({ kind: 'lost' as const, what: `#${message.n} was never shown to ${agent}` })),
    ...own
      .filter(({ message, state }) => acknowledged.has(message.n) && state !== 'acked')
      .map(({ message, state }) => ({ kind: 'lost' as const, what: `${agent} acknowledged #${message.n}, and it is ${state}` })),
    ...[...shown.values()].filter((copy) => !isThere(copy, agent, byNumber.get(copy.n))).map((copy) => ({
      kind: 'phantom' as const,
      what: `#${copy.n}, shown to ${agent}, is not there for it in these words: ${start(copy.text)}`,
    })),
  ]
}

function isThere(copy: Copy, agent: string, message: StoredMessage | undefined): boolean {
  return message?.text === copy.text && message.from === copy.from && message.deliveries.some(({ to }) => to === agent)
}

/** Numbers that the daemon said are done with, at the end. */
function acknowledgements(requests: readonly Request[]): Set<number> {
  const acknowledged = new Set<number>()
  for (const { done } of progress(requests)) for (const n of done) acknowledged.add(n)
  return acknowledged
}

interface Step {
  request: Request
  /** Shown by an earlier answer of which the daemon knows, when this request begins, that it arrived. */
  delivered: ReadonlySet<number>
  /** Acknowledged when this request begins. */
  done: ReadonlySet<number>
}

/**
 * An answer counts once the same daemon has answered a later request of this reader: before that it may have been lost
 * on the way, and a daemon that died has forgotten it. What was fetched by `inbox_read` is then done with as well.
 */
function* progress(requests: readonly Request[]): Generator<Step> {
  const delivered = new Set<number>()
  const done = new Set<number>()
  let handed: { life: number; ids: number[]; into: Set<number> }[] = []
  for (const request of requests) {
    yield { request, delivered, done }
    const { outcome, begun, ended, via, ids } = request
    if (outcome.kind !== 'ok') continue
    for (const each of handed) if (each.life === ended.life) for (const n of each.ids) each.into.add(n)
    handed = []
    if (via === 'inbox_ack') for (const n of ids) done.add(n)
    const shown = outcome.value.map(({ n }) => n)
    if (shown.length > 0) handed.push({ life: begun.life, ids: shown, into: via === 'inbox_read' ? done : delivered })
  }
  yield { request: nothing, delivered, done }
}

const end = { tick: Number.POSITIVE_INFINITY, life: Number.POSITIVE_INFINITY }
const nothing: Request = { via: 'inbox_ack', ids: [], begun: end, ended: end, outcome: { kind: 'unknown' } }

/** A message that this incarnation has got is not brought again, one that is done with not shown at all; a repeat is the same to the byte. */
function copies({ agent, requests }: Reading): Violation[] {
  const violations: Violation[] = []
  const first = new Map<number, Copy>()
  const say = (copy: Copy, what: string): void => void violations.push({ kind: 'copies', what: `#${copy.n} was shown to ${agent} ${what}` })
  for (const { request, delivered, done } of progress(requests)) {
    const inThis = new Set<number>()
    for (const copy of copiesOf(request)) {
      const before = first.get(copy.n)
      if (inThis.has(copy.n)) say(copy, 'twice in one answer')
      else if (done.has(copy.n)) say(copy, `by ${request.via} after it was acknowledged`)
      else if (request.via === 'inbox_watch' && delivered.has(copy.n)) say(copy, 'again although it had it')
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(copy)) say(copy, 'with other words than before')
      first.set(copy.n, before ?? copy)
      inThis.add(copy.n)
    }
  }
  return violations
}

function copiesOf({ outcome }: Request): Copy[] {
  return outcome.kind === 'ok' ? outcome.value : []
}

interface Placed {
  pair: string
  n: number
  /** Ticks between which it was sent: it was not there before the first, and was there at the second. */
  begun: number
  ended: number
}

/** What was sent after another message of the same pair was acknowledged has the higher number. */
function storedOrder(sends: readonly Send[]): Violation[] {
  const placed = sends.flatMap((send) => send.recipients.flatMap((to) => place(send, to))).toSorted((a, b) => a.n - b.n)
  return overtaken(placed, 'has the higher number')
}

/** … and is seen later, by its first copy, whatever request brought that: each lists its mail oldest first. */
function visibleOrder({ agent, requests }: Reading, sends: readonly Send[]): Violation[] {
  const byNumber = new Map(sends.filter(({ recipients }) => recipients.includes(agent)).flatMap((send) => place(send, agent)).map((each) => [each.n, each]))
  const seenFirst = new Set(requests.flatMap(copiesOf).map(({ n }) => n))
  return overtaken([...seenFirst].flatMap((n) => byNumber.get(n) ?? []), 'was shown later')
}

function place(send: Send, to: string): Placed[] {
  const [receipt] = receipts(send)
  const begun = send.tries[0]?.begun.tick
  const ended = send.tries.find(({ outcome }) => outcome.kind === 'ok')?.ended.tick
  if (receipt === undefined || begun === undefined || ended === undefined) return []
  return [{ pair: `${send.from} > ${to}`, n: receipt.n, begun, ended }]
}

/** Each that was acknowledged before another of its pair began, and yet comes after it here. */
function overtaken(inOrder: readonly Placed[], what: string): Violation[] {
  const latest = new Map<string, Placed>()
  return inOrder.flatMap((each) => {
    const before = latest.get(each.pair)
    if (before === undefined || each.begun > before.begun) latest.set(each.pair, each)
    if (before === undefined || each.ended >= before.begun) return []
    return [{ kind: 'order' as const, what: `${each.pair}: #${each.n} was acknowledged before #${before.n} was sent, and ${what}` }]
  })
}

/** The chain is whole, by the daemon's own word and by ours, and tells of each message and each acknowledgement once. */
function chained({ messages, journal, verified }: Found): Violation[] {
  const sent = Map.groupBy(journal.filter(({ type }) => type === 'message.sent'), ({ subject }) => subject)
  const acked = Map.groupBy(journal.filter(({ type }) => type === 'delivery.acked'), ({ subject, data }) => `${subject} ${String(data['to'])}`)
  const there = new Set(messages.map(({ id }) => id))
  const wrong = [
    ...(verified.ok ? [] : [`the daemon says: ${verified.why}`]),
    ...((verified.events ?? 0) > journal.length ? [`the daemon checked ${verified.events} lines, ${journal.length} are there`] : []),
    ...[...Map.groupBy(journal, ({ stream }) => stream).values()].flatMap(unlinked),
    ...messages.flatMap((message) => toldWrong(message, sent.get(message.id) ?? [])),
    ...messages.flatMap(({ id, n, deliveries }) => deliveries.flatMap(({ to, state }) => {
      const times = acked.get(`${id} ${to}`)?.length ?? 0
      return times === (state === 'acked' ? 1 : 0) ? [] : [`#${n} is ${state} for ${to}, and the journal tells ${times} times that it was acknowledged`]
    })),
    ...[...sent.keys()].filter((id) => !there.has(id)).map((id) => `it tells of message ${id}, which is not there`),
  ]
  return wrong.map((what) => ({ kind: 'chain', what }))
}

function unlinked(stream: readonly JournalLine[]): string[] {
  return stream.flatMap((line, index) => {
    const before = stream[index - 1]
    const where = `line ${line.seq} of ${line.stream}`
    if (line.seq !== (before?.seq ?? 0) + 1) return [`${where} follows line ${before?.seq ?? 0}`]
    if (line.prev !== (before?.hash ?? firstHash)) return [`${where} does not hang on the one before it`]
    return eventHash(line) === line.hash ? [] : [`${where} has not the hash of what it says`]
  })
}

function toldWrong(message: StoredMessage, lines: readonly JournalLine[]): string[] {
  const [line] = lines
  if (line === undefined || lines.length > 1) return [`it tells ${lines.length} times that #${message.n} was sent`]
  const same = line.data['n'] === message.n && line.data['from'] === message.from && line.data['sha256'] === sha256(message.text)
  return same ? [] : [`it tells something else of #${message.n} than what is there`]
}

function name({ from, key, to }: Send): string {
  return `sent by ${from} to ${to} under ${key}`
}

function start(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}

/** For whoever looks into a violation: what clients saw of the messages that it names. */
export function story({ sends, readings }: History, { what }: Violation): string[] {
  const numbers = [...what.matchAll(/#(\d+)/g)].map(([, n]) => Number(n))
  const when = ({ begun, ended }: Pick<Request, 'begun' | 'ended'>): string => `${begun.tick}–${ended.tick}, life ${begun.life}–${ended.life}`
  const sent = sends.filter((send) => receipts(send).some(({ n }) => numbers.includes(n)))
  return [
    ...sent.flatMap((send) => send.tries.map((each) => `${name(send)}, ${when(each)}: ${each.outcome.kind} ${receipts(send).map(({ n }) => `#${n}`).join()}`)),
    ...readings.flatMap(({ agent, requests }) => requests.flatMap((request) => {
      const here = numbers.filter((n) => request.ids.includes(n) || copiesOf(request).some((copy) => copy.n === n))
      return here.length === 0 ? [] : [`${agent} ${request.via}, ${when(request)}: ${request.outcome.kind} ${here.map((n) => `#${n}`).join()}`]
    })),
  ]
}
