import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import type { Parsed } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import { sha256 } from '../../core/event.ts'
import type { Content, FileSource } from '../../core/gateway.ts'
import type { MessageDraft } from '../../core/message.ts'
import { gatewaysOf } from '../../core/people.ts'
import { reactionOf, reactions } from '../../core/reactions.ts'
import type { Agent, Team } from '../../core/team.ts'
import type { Clock } from '../../core/clock.ts'
import type { Store, Tx } from '../../store/store.ts'
import { isInside, NotOpened, openRegular } from '../../util/open-regular.ts'
import { orderedIds } from '../../util/ordered-id.ts'
import type { Chains } from '../chains.ts'
import { chatKey } from './desk.ts'
import type { Outbox } from './outbox.ts'
import type { People } from './people.ts'

/** Bytes, as teamctl has it. */
const largestFile = 50 * 1024 * 1024
const imageEndings = ['.jpg', '.jpeg', '.png', '.webp', '.gif']
/** Of one gateway; a manager that writes faster than a person can be told is refused. */
const mostQueued = 200

export interface ReplyParts {
  store: Store
  clock: Clock
  outbox: Outbox
  people: People
  chains: Chains
  team(): Team
  /** Copies of files on their way. */
  outgoing: string
  /** Where secrets of the daemon are: nothing in there goes out. */
  secret: string
}

interface Place {
  gateway: string
  type: string
  chat: string
  replyTo: string | null
}

type Input = Parsed<'reply_to_user'>
type Named = NonNullable<Input['image']>

/** What managers say to people: durable before they hear that it is on its way. */
export class Replies {
  readonly #parts: ReplyParts
  readonly #nextId: () => string

  constructor(parts: ReplyParts) {
    this.#parts = parts
    this.#nextId = orderedIds(() => parts.clock.now())
  }

  async reply(agent: Agent, input: Input): Promise<{ id: number; ids: number[]; recipient: string }> {
    onlyManagers('reply_to_user', agent)
    await this.#parts.people.ready()
    const { text, image, file } = input
    if ((text === undefined || text.trim() === '') && image === undefined && file === undefined) {
      throw new TroupeError('usage', 'reply_to_user: at least one of `text`, `image`, `file` must be set')
    }
    const limit = this.#parts.team().limits.messageBytes
    if (Buffer.byteLength(text ?? '') > limit) throw new TroupeError('too_large', `the message is ${Buffer.byteLength(text ?? '')} bytes, the limit is ${limit}`, { hint: 'send it as a file' })
    const places = await this.#places(agent, input.reply_to_message_id)
    const contents: { words: string; content: Content }[] = []
    if (text !== undefined && text.trim() !== '') contents.push({ words: text, content: { kind: 'text', text, format: 'markdown', replyTo: null, buttons: [] } })
    for (const [as, named] of [['image', image], ['file', file]] as const) {
      if (named === undefined) continue
      const source = await this.#take(agent, as, named)
      contents.push({ words: named.caption ?? '', content: { kind: 'file', as, source, caption: named.caption ?? '', replyTo: null } })
    }
    const ids = await this.#parts.store.write(async (tx) => {
      const numbers: number[] = []
      for (const { words, content } of contents) numbers.push(await this.#keep(tx, agent, places, words, input.thread_id ?? null, content))
      return numbers
    })
    return { id: ids[0] ?? 0, ids, recipient: recipientOf(places) }
  }

  async react(agent: Agent, { telegram_msg_id: id, emoji }: Parsed<'react_to_user'>): Promise<{ id: number; recipient: string; telegram_msg_id: number; emoji: string }> {
    onlyManagers('react_to_user', agent)
    await this.#parts.people.ready()
    const listed = reactionOf(emoji)
    if (listed === null) throw new TroupeError('usage', `react_to_user: ${JSON.stringify(emoji)} is not in the allowlist`, { hint: `use one of ${reactions.join(' ')}` })
    const n = await this.#parts.store.write(async (tx) => {
      const message = await tx.messages.byOutside(agent.address, String(id))
      if (message?.outside === undefined) throw new TroupeError('unknown', `no message ${id} of the user came to you`, { hint: 'telegram_msg_id stands in the envelope of the message' })
      const { gateway, chat, type } = message.outside
      this.#parts.people.opened(gateway)
      return await this.#keep(tx, agent, [{ gateway, chat, type, replyTo: null }], `${listed} to message ${id}`, message.threadId, { kind: 'reaction', message: String(id), emoji: listed })
    })
    return { id: n, recipient: 'user:telegram', telegram_msg_id: id, emoji }
  }

  /** Where the person was heard last, of each gateway; or where the message is that it answers. */
  async #places(agent: Agent, answered: number | undefined): Promise<Place[]> {
    const { store, people, team } = this.#parts
    if (answered !== undefined) {
      const message = await store.read((db) => db.messages.byN(answered))
      if (message?.outside === undefined || message.to !== agent.address) throw new TroupeError('unknown', `message #${answered} is none that the user sent you from a chat`, { hint: 'leave reply_to_message_id out' })
      const { gateway, chat, type, message: replyTo } = message.outside
      people.opened(gateway)
      return [{ gateway, chat, type, replyTo }]
    }
    const settings = gatewaysOf(team(), agent.address)
    if (settings.length === 0) throw new TroupeError('failed', `reply_to_user: nobody can be reached: ${agent.address} has no interfaces.telegram, and the team has no interface`, { hint: 'your operator can run troupe bot setup' })
    const counts = await store.read((db) => db.outbox.counts())
    const tried = await Promise.allSettled(settings.map(async ({ id }) => await this.#placeOf(id, counts[id] ?? 0)))
    const places = tried.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    // One way to people is enough: another that is off keeps nobody from being told.
    const failed = tried.find((each) => each.status === 'rejected')
    if (places.length === 0 && failed !== undefined) throw failed.reason
    return places
  }

  async #placeOf(id: string, queued: number): Promise<Place> {
    const { store, people } = this.#parts
    const { settings: { type }, chats } = people.opened(id)
    if (queued >= mostQueued) throw new TroupeError('throttled', `${queued} messages wait to go out to the user already`, { hint: 'wait', facts: { retryAfterMs: 60_000 } })
    const last = await store.read((db) => db.settings.get(chatKey(id)))
    const chat = typeof last === 'string' && chats.includes(last) ? last : chats[0]
    if (chat === undefined) throw new TroupeError('failed', `reply_to_user: no chat is authorised at ${id}`, { hint: 'your operator can run troupe bot setup' })
    return { gateway: id, type, chat, replyTo: null }
  }

  /** As a message of the mailbox, for the record, and as rows that go out. Its number. */
  async #keep(tx: Tx, agent: Agent, places: Place[], words: string, threadId: string | null, content: Content): Promise<number> {
    const { clock, chains, outbox } = this.#parts
    const id = this.#nextId()
    const shown = content.kind === 'file' ? `${words}${words === '' ? '' : '\n'}📎 ${nameOf(content.source)}` : words
    const draft: MessageDraft = {
      ...{ id, from: agent.address, to: recipientOf(places), project: agent.project, text: shown, threadId, priority: 'normal', trust: 'peer' },
      ...{ key: null, chain: id, hop: 0, taint: chains.taint({ from: agent.address, taint: [] }), control: null, sentAt: clock.now() },
    }
    const kept = await tx.messages.insert(draft, [])
    await tx.journal({ type: 'message.sent', subject: id, agent: agent.address, data: { n: kept.n, from: kept.from, to: kept.to, recipients: [], bytes: Buffer.byteLength(shown), sha256: sha256(shown), priority: 'normal' } })
    for (const { gateway, chat, replyTo } of places) {
      await outbox.put(tx, { key: `message ${id} ${gateway} ${chat}`, gateway, chat, content: addressed(content, replyTo, `\n\n— ${agent.address} #${kept.n}`), urgency: content.kind === 'reaction' ? 'answer' : 'ordinary', message: id })
    }
    return kept.n
  }

  /** A copy, as the file is now: it may have changed, or be gone, once it can go out. */
  async #take(agent: Agent, as: 'image' | 'file', { source, value }: Named): Promise<FileSource> {
    const fail = (why: string, hint = 'give an absolute path, or one below your working directory') => new TroupeError('failed', `reply_to_user: ${as} ${why}`, { hint })
    if (source === 'url') {
      if (!URL.canParse(value) || !['http:', 'https:'].includes(new URL(value).protocol)) throw fail('url must begin with https:// or http://', 'give the address of the file')
      return { url: value }
    }
    const opened = await openRegular(resolve(agent.cwd, value)).catch((error: unknown) => {
      if (error instanceof NotOpened && error.why === 'special') throw fail(`path is not a regular file (${value})`)
      const { code = 'unknown' } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
      throw fail(`path not readable (${value}: ${code})`)
    })
    const { real: path, bytes } = opened
    const copy = join(this.#parts.outgoing, this.#nextId())
    try {
      if (isInside(this.#parts.secret, path)) throw fail('path not readable (it holds secrets of the team)')
      if (bytes > largestFile) throw new TroupeError('too_large', `reply_to_user: ${as} too large (${bytes} bytes); 50MB cap per file`, { facts: { size: bytes, limit: largestFile } })
      if (as === 'image' && !imageEndings.includes(extname(path).toLowerCase())) throw fail(`path must end in one of ${imageEndings.map((ending) => ending.slice(1)).join(', ')}`, 'send it as `file`')
      await mkdir(this.#parts.outgoing, { recursive: true, mode: 0o700 })
      await keepCopy(opened.file, copy).catch(async (error: NodeJS.ErrnoException) => {
        await rm(copy, { force: true })
        throw fail(`path not readable (${value}: ${error.code ?? 'unknown'})`)
      })
    } finally {
      await opened.file.close()
    }
    return { path: copy, name: basename(path) }
  }
}

function onlyManagers(tool: string, { role, address }: Agent): void {
  if (role !== 'manager') throw new TroupeError('denied', `${tool}: only managers can ${tool === 'reply_to_user' ? 'reply' : 'react'} to the user (caller=${address})`, { hint: 'write to your manager, or escalate' })
}

function recipientOf(places: Place[]): string {
  return `user:${places[0]?.type ?? 'nobody'}`
}

function nameOf(source: FileSource): string {
  return 'url' in source ? source.url : source.name
}

/** Who it is from stands below it. */
function addressed(content: Content, replyTo: string | null, footer: string): Content {
  if (content.kind === 'text') return { ...content, text: `${content.text}${footer}`, replyTo }
  return content.kind === 'file' ? { ...content, caption: `${content.caption}${footer}`.trimStart(), replyTo } : content
}

/** Of the file that was looked at, whatever stands at its path by now. */
async function keepCopy(from: FileHandle, copy: string): Promise<void> {
  const file = await open(copy, 'wx', 0o600)
  try {
    for await (const chunk of from.createReadStream({ autoClose: false, start: 0, end: largestFile - 1 })) await file.appendFile(chunk as Buffer)
    await file.sync()
  } finally {
    await file.close()
  }
}
