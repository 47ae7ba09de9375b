import { setImmediate as turn } from 'node:timers/promises'
import type { JournalEvent, KeptHead } from '../core/event.ts'
import { removedBy, type Range } from '../core/retention.ts'
import { eventHash, firstHash, sha256 } from '../core/event.ts'
import type { Known } from './anchors.ts'
import type { Db } from './engine.ts'
import { checkpointsOf, headsOf, pageOf } from './journal.ts'
import type { Head } from './journal.ts'
import { textsOf } from './messages.ts'

type Flaw = { ok: false; stream: string; seq: number; why: string }
type Walked = { ok: true; events: number } | Flaw
export type Verdict = { ok: true; events: number; kept: 'found' | 'pruned' | null } | Flaw

const pageSize = 1_000

/**
 * Recomputes every stream of a team and compares it with what was known outside the database before this reading began,
 * and with the head that a person kept.
 */
export async function verify(db: Db, team: string, known: Known, kept: KeptHead | null = null): Promise<Verdict> {
  if (known.flaw !== null) return { ok: false, ...known.flaw }
  const [heads, checkpoints] = [await headsOf(db, team), await checkpointsOf(db, team)]
  const place = kept === null ? null : await placeOf(db, team, kept, checkpoints)
  if (place !== null && 'ok' in place) return place
  const told = new Map<string, Head>()
  const mail: Mail = { missing: [], removed: [] }
  let events = 0
  for (const [stream, head] of heads) {
    const anchor = known.heads.get(stream)
    const passes = place?.stream === stream && place.head !== null ? [place.head] : []
    const walked = await walk(db, team, stream, { begin: checkpoints.get(stream), ends: [head, ...(anchor ? [anchor] : []), ...passes], told, mail })
    if (!walked.ok) return walked
    events += walked.events
  }
  const seen = place === null ? null : place.head === null ? ('pruned' as const) : ('found' as const)
  return missing(heads, known.heads) ?? untold(checkpoints, told) ?? lost(mail) ?? { ok: true, events, kept: seen }
}

/** Where the kept head stands now: `head` is null where it lies before a checkpoint. */
async function placeOf(db: Db, team: string, { stream, seq, hash }: KeptHead, checkpoints: Map<string, Head>): Promise<{ stream: string; head: Head | null } | Flaw> {
  const found = await db.selectFrom('events').select(['stream', 'seq']).where('team', '=', team).where('hash', '=', hash).executeTakeFirst()
  if (found !== undefined && (stream === null || (found.stream === stream && found.seq === seq))) return { stream: found.stream, head: { seq: found.seq, hash } }
  const pruned = [...checkpoints].find(([name, last]) => last.hash === hash || (name === stream && seq !== null && seq < last.seq))
  if (pruned !== undefined) return { stream: pruned[0], head: null }
  return flaw(stream ?? '', seq ?? 0, 'no line has the hash that was kept: the journal was rewritten or rolled back since, or the hash is of another team')
}

interface Walk {
  begin: Head | undefined
  /** Places that the chain must pass through. */
  ends: Head[]
  /** Collects what `journal.checkpoint` events say was pruned. */
  told: Map<string, Head>
  mail: Mail
}

/** Of all streams together: the line that tells of a removal may stand in another. */
interface Mail {
  missing: { stream: string; seq: number; n: number }[]
  removed: Range[]
}

async function walk(db: Db, team: string, stream: string, { begin, ends, told, mail }: Walk): Promise<Walked> {
  let last: Head = begin ?? { seq: 0, hash: firstHash }
  let events = 0
  const open = ends.filter((end) => end.seq > last.seq)
  const early = ends.find((end) => end.seq === last.seq && end.hash !== last.hash)
  if (early !== undefined) return flaw(stream, early.seq, 'rewritten or rolled back: it is not the event that was there before')
  for (;;) {
    const page = await pageOf(db, team, stream, last.seq, pageSize)
    for (const event of page) {
      const why = broken(event, last, open)
      if (why !== null) return flaw(stream, event.seq, why)
      collect(event, told)
      mail.removed.push(...removedBy(event))
      last = event
    }
    const changed = await changedText(db, team, page, mail)
    if (changed !== null) return flaw(stream, ...changed)
    events += page.length
    if (page.length < pageSize) break
    await turn()
  }
  const cut = open.find((end) => end.seq > last.seq)
  if (cut !== undefined)
    return flaw(stream, last.seq, `rewritten or rolled back: it ends at ${last.seq}, ${cut.seq} was there before`)
  return { ok: true, events }
}

function broken(event: JournalEvent, last: Head, ends: Head[]): string | null {
  if (event.seq !== last.seq + 1) return `the event before it is missing (${last.seq + 1})`
  if (event.prev !== last.hash) return 'it does not follow the event before it'
  if (eventHash(event) !== event.hash) return 'its content was changed'
  const end = ends.find((each) => each.seq === event.seq)
  return end === undefined || end.hash === event.hash
    ? null
    : 'rewritten or rolled back: it is not the event that was there before'
}

/** The journal keeps a hash of each message's words: whether they are the same still. Notes those that are not there. */
async function changedText(db: Db, team: string, page: readonly JournalEvent[], { missing: gone }: Mail): Promise<[seq: number, why: string] | null> {
  const sent = page.filter((event) => event.type === 'message.sent' && typeof event.data['sha256'] === 'string')
  if (sent.length === 0) return null
  const texts = await textsOf(db, team, sent.map((event) => event.subject))
  for (const { stream, seq, subject, data } of sent) {
    const text = texts.get(subject)
    const name = `message #${String(data['n'])}`
    if (text === undefined) gone.push({ stream, seq, n: Number(data['n']) })
    else if (sha256(text) !== data['sha256']) return [seq, `${name} does not have the words that were sent`]
  }
  return null
}

function collect(event: JournalEvent, told: Map<string, Head>): void {
  if (event.type !== 'journal.checkpoint') return
  for (const [stream, head] of Object.entries(event.data.streams as Record<string, Head>)) {
    if ((told.get(stream)?.seq ?? 0) <= head.seq) told.set(stream, head)
  }
}

/** A checkpoint that no event tells of hides removed events. */
function untold(checkpoints: Map<string, Head>, told: Map<string, Head>): Flaw | null {
  for (const [stream, { seq, hash }] of checkpoints) {
    if (told.get(stream)?.hash !== hash) return flaw(stream, seq, 'events up to here are gone, and no checkpoint event says so')
  }
  return null
}

function missing(heads: Map<string, Head>, known: Map<string, Head>): Flaw | null {
  for (const [stream, { seq }] of known) {
    if (seq > 0 && !heads.has(stream)) return flaw(stream, seq, 'rewritten or rolled back: the whole stream is gone')
  }
  return null
}

/** Whatever is not there must have been removed by gc, which says so; of what it says any part may be of somebody else's making. */
function lost({ missing: found, removed }: Mail): Flaw | null {
  const ranges = removed.toSorted(([a], [b]) => a - b)
  const gone = found.toSorted((a, b) => a.n - b.n)
  let [at, upTo] = [0, Number.NEGATIVE_INFINITY]
  for (const { stream, seq, n } of gone) {
    for (let next = ranges[at]; next !== undefined && next[0] <= n; next = ranges[(at += 1)]) upTo = Math.max(upTo, next[1])
    if (!(n <= upTo)) return flaw(stream, seq, `message #${n}, which it tells of, is gone`)
  }
  return null
}

function flaw(stream: string, seq: number, why: string): Flaw {
  return { ok: false, stream, seq, why }
}
