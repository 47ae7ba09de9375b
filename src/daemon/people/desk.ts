import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Input, OperationName, Output } from '../../api/index.ts'
import type { Clock } from '../../core/clock.ts'
import { printable } from '../../core/printable.ts'
import { TroupeError } from '../../core/error.ts'
import type { Identity, Incoming } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { addresseeOf, isAuthorised, readCommand } from '../../core/people.ts'
import { phaseDetail } from '../../core/phase.ts'
import { findAgent, type Agent, type Team } from '../../core/team.ts'
import type { Store, Tx } from '../../store/store.ts'
import type { FileSource } from '../attachments.ts'
import type { Letter, Mailroom } from '../mailroom.ts'
import { endText, isProof, pressData, readPress, type Press } from './cards.ts'
import { commands, isFor, type Asked } from './commands.ts'
import { hold, isHeld, type HoldingParts } from './holding.ts'
import { pause, Pauses, type Opened } from './line.ts'
import type { Outbox } from './outbox.ts'

/** A question whether to stop is forgotten after this, ms. */
const stopGoodFor = 300_000
/** A stop that takes longer than this goes on by itself, ms. */
const stopWaitMs = 5_000
/** A stranger is told, and told of, this often at most. ms */
const strangerEvery = 3_600_000
/** A download may take its time, with all its attempts: `/stop` may wait behind it. ms */
const downloadMs = 120_000
const answerMs = 30_000
/** A file that the platform does not give is asked for so often: what was said after it waits meanwhile. */
const mostDownloads = 3
/** Strangers that are remembered. */
const mostStrangers = 1_000

export interface DeskParts extends HoldingParts {
  store: Store
  clock: Clock
  outbox: Outbox
  mailroom: Mailroom
  team(): Team
  report(what: string, error: unknown): void
  operate<K extends OperationName>(who: string, name: K, input: Input<K>): Promise<Output<K>>
}

/** One thing that a known person did, and where. */
interface Turn {
  line: Opened
  incoming: Incoming
  user: NonNullable<Incoming['user']>
  /** As decisions name the person. */
  who: string
  /** The same each time it comes: what each effect is known by. */
  key: string
  /** The gateway closes: nothing of it is waited for any longer. */
  until: AbortSignal
}

export function chatKey(gateway: string): string {
  return `chat ${gateway}`
}

/** Where people are served: what they say and press becomes mail, decisions and commands; what is not theirs is refused. */
export class Desk {
  readonly #parts: DeskParts
  readonly #strangers = new Map<string, number>()

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** Throws where it could not be done now; the caller comes again with the same. */
  async handle(line: Opened, identity: Identity, incoming: Incoming, until: AbortSignal): Promise<void> {
    const { user, chat } = incoming
    const key = `${line.settings.type} ${identity.id} ${incoming.key}`
    const known = line.gateway.inbound.by === 'post' || isAuthorised(line, incoming)
    if (user === null || !known) return await this.#stranger(line, incoming, key, until)
    const turn: Turn = { line, incoming, user, key, until, who: `${line.settings.type}:${user.id} (${printable(user.name).slice(0, 60)})` }
    const { did } = incoming
    if (did.kind === 'press') return await this.#press(turn, did)
    await this.#parts.store.write(async (tx) => await tx.settings.put(chatKey(line.settings.id), chat.id))
    const answer = await this.#told(async () => await this.#answer(turn, identity))
    if (answer !== '') await this.#say(turn, answer)
  }

  /** Given up, so that what was said after it is heard: on record, and its person knows that it must be said again. */
  async lost(line: Opened, identity: Identity, incoming: Incoming, error: unknown): Promise<void> {
    const { user, did } = incoming
    const about = `${line.settings.type} ${identity.id} ${incoming.key}`
    const why = error instanceof TroupeError ? error.message : 'a defect of troupe, which its log tells of'
    await this.#parts.store.write(async (tx) => {
      await tx.journal({ type: 'chat.lost', subject: line.settings.id, agent: null, data: { gateway: line.settings.id, key: incoming.key, kind: did.kind, why } })
      if (user !== null && isAuthorised(line, incoming)) await this.#put(tx, line, incoming, about, `That may not have been done: ${why}. Look, and say it again if need be.`)
    })
  }

  async #answer(turn: Turn, identity: Identity): Promise<string> {
    const { did } = turn.incoming
    switch (did.kind) {
      case 'text': {
        // Somebody else's words command nothing, whoever passes them on.
        const command = did.forwarded ? null : readCommand(did.text, identity.name)
        if (command === 'foreign') return ''
        if (command !== null) return await this.#command(turn, command.name, command.rest)
        return await this.#plain(turn, did.text, did.forwarded)
      }
      case 'file': {
        const { inbound } = turn.line.gateway
        if (inbound.by !== 'poll') return ''
        const { maxSizeBytes } = this.#parts.team().attachments
        if (did.file.bytes !== null && did.file.bytes > maxSizeBytes) throw new TroupeError('too_large', `the file is ${did.file.bytes} bytes, this team takes ${maxSizeBytes} (attachments.max_size_bytes)`)
        const bytes = await this.#fetched((signal) => inbound.download(did.file.ref, maxSizeBytes, signal), turn.until)
        return await this.#plain(turn, did.caption === '' ? 'Here is a file.' : did.caption, did.forwarded, [{ name: did.file.name.split(/[/\\]/).at(-1) || 'file', content: Readable.from([bytes]) }])
      }
      case 'verdict':
        return await commands[did.verdict]!.run(this.#asked(turn, `${did.approval}${did.note === null ? '' : ` ${did.note}`}`))
      default:
        return did.kind === 'other' ? `I can pass on text and files, not ${did.what}.` : ''
    }
  }

  /** Throws `failed` where it cannot be had: its person hears that, and everything after it is heard too. */
  async #fetched(download: (signal: AbortSignal) => Promise<Uint8Array>, until: AbortSignal): Promise<Uint8Array> {
    const pauses = new Pauses()
    const time = within(downloadMs, until)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await download(time)
      } catch (error) {
        if (until.aborted || !(error instanceof TroupeError) || error.code !== 'unavailable') throw error
        if (attempt >= mostDownloads || time.aborted) throw new TroupeError('failed', `the file could not be fetched: ${error.message}`, { hint: 'send it again' })
        await pause(this.#parts.clock, pauses.failed(error), time)
      }
    }
  }

  /** To whom this gateway speaks. */
  async #plain(turn: Turn, text: string, forwarded: boolean, files: FileSource[] = []): Promise<string> {
    const to = addresseeOf(this.#parts.team(), turn.line.settings)
    if (to === null) return 'To whom? /dm AGENT TEXT. /who lists the agents.'
    return await this.#mail(turn, to, text, forwarded, files)
  }

  async #mail({ line, incoming, user, key }: Turn, to: Agent, text: string, forwarded: boolean, attachments: FileSource[] = []): Promise<string> {
    const { did, chat } = incoming
    const message = 'message' in did && did.message !== null ? did.message : incoming.key
    const outside = { gateway: line.settings.id, type: line.settings.type, chat: chat.id, message, user: user.id, name: user.name }
    const letter = { from: 'user', to: to.address, text, threadId: null, priority: 'normal' as const, key, outside, taint: forwarded ? [`${line.settings.type}:forwarded`] : [] } satisfies Partial<Letter>
    const { message: kept } = await this.#parts.mailroom.post({ ...letter, attachments })
    const { phase } = this.#parts.agents.get(to.address)
    const away = ['idle', 'busy', 'waiting', 'starting'].includes(phase.name) ? '' : ` (it is ${phase.name}${phaseDetail(phase) === '' ? '' : `: ${phaseDetail(phase)}`}; it gets it when it runs)`
    return `→ ${to.address} #${kept.n}${away}`
  }

  async #command(turn: Turn, name: string, rest: string): Promise<string> {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined) return `There is no command /${name}. /help lists them.`
    return await command.run(this.#asked(turn, rest))
  }

  #asked(turn: Turn, rest: string): Asked {
    const { team, operate, agents } = this.#parts
    const { settings } = turn.line
    return {
      rest,
      settings,
      team: team(),
      operate: async (name, input) => await operate(turn.who, name, input),
      mail: async (to, text) => await this.#mail(turn, to, text, false),
      hold: async (all) => await hold(this.#parts, all, turn.who),
      held: async (all) => all.map(({ address }) => address).filter((address) => isHeld(agents.get(address))),
      confirmStop: async (all) => await this.#confirmStop(turn, all),
    }
  }

  async #confirmStop(turn: Turn, all: Agent[]): Promise<string> {
    const { agents, store, outbox } = this.#parts
    const names = all.map(({ address }) => address).filter((address) => agents.get(address).wanted === 'running')
    if (names.length === 0) return 'Nobody is to run.'
    const text = `Stop ${names.join(', ')}? They stay stopped until they are started again.`
    await store.write(async (tx) => {
      const nonce = randomBytes(16).toString('base64url')
      const content = { kind: 'text', text, format: 'plain', replyTo: null, buttons: [] } as const
      await outbox.put(tx, { key: `${turn.key} stop`, gateway: turn.line.settings.id, chat: turn.incoming.chat.id, content: { ...content, buttons: [] }, urgency: 'answer', nonce })
    })
    return ''
  }

  async #press(turn: Turn, did: Incoming['did'] & { kind: 'press' }): Promise<void> {
    const { inbound } = turn.line.gateway
    const press = readPress(did.data)
    const answer = await this.#told(async () => {
      const row = press === null ? undefined : await this.#parts.store.read((db) => db.outbox.get(press.row))
      if (press === null || row === undefined || row.gateway !== turn.line.settings.id || row.chat !== turn.incoming.chat.id) {
        throw await this.#refused(turn, 'it is no button of this chat')
      }
      return press.verb === 'stop' ? await this.#stop(turn, press, row) : await this.#verdict(turn, press, press.verb, row)
    }, true)
    if (inbound.by !== 'poll') return await this.#say(turn, answer.replace(/^! /, ''))
    const [text, alert] = answer.startsWith('! ') ? [answer.slice(2), true] : [answer, false]
    // The decision stands whether the platform still shows this or not.
    await inbound.answer(did.press, text, alert, within(answerMs, turn.until)).catch((error: unknown) => this.#parts.report('telling what came of a button', error))
  }

  async #verdict(turn: Turn, press: Press, verb: 'approve' | 'deny', row: Outgoing): Promise<string> {
    const approval = row.approval === null ? undefined : await this.#parts.store.read((db) => db.approvals.get(row.approval ?? ''))
    if (approval === undefined || !isProof(press, row, approval.hash)) {
      const stale = approval !== undefined && row.nonce === null
      throw await this.#refused(turn, stale ? `approval ${approval.n} is decided: ${endText(approval)}` : 'it was not made for this', approval?.id)
    }
    if (!isFor(this.#parts.team(), turn.line.settings, approval.agent)) throw await this.#refused(turn, `approval ${approval.n} is not for this chat`, approval.id)
    try {
      const decided = await this.#parts.operate(turn.who, 'approval.decide', { id: approval.id, verdict: verb })
      return `#${decided.n} ${decided.status === 'denied' ? 'denied' : 'approved'}`
    } catch (error) {
      if (!(error instanceof TroupeError) || error.code === 'unavailable') throw error
      throw await this.#refused(turn, error.message, approval.id)
    }
  }

  async #stop(turn: Turn, press: Press, row: Outgoing): Promise<string> {
    const { clock, store, operate, team } = this.#parts
    if (!isProof(press, row, 'stop') || clock.now() - row.createdAt > stopGoodFor) throw await this.#refused(turn, 'it is too old, or was used: /stop asks anew')
    const asked = row.content.kind === 'text' ? (/^Stop (.*)\? They/.exec(row.content.text)?.[1]?.split(', ') ?? []) : []
    // Of those that are still there: to stop nobody in particular would mean everybody.
    const names = asked.filter((address) => findAgent(team(), address) !== undefined)
    if (names.length === 0) throw await this.#refused(turn, 'none of them is in the team any more')
    const stopping = operate(turn.who, 'stop', { agents: names }).then(async ({ stopped }) => {
      const text = `Stopped by ${turn.who}: ${stopped.map(({ agent }) => agent).join(', ')}.`
      await store.write(async (tx) => {
        await tx.outbox.update(row.id, { nonce: null })
        await this.#parts.outbox.put(tx, { key: `edit ${row.id}`, gateway: row.gateway, chat: row.chat, content: { kind: 'edit', message: row.id, text }, urgency: 'answer' })
      })
      return text
    })
    // A turn may come to its end first, which may need an answer from this very chat.
    const waited = pause(clock, stopWaitMs, turn.until).then(() => {
      stopping.catch((error: unknown) => this.#parts.report(`stopping ${names.join(', ')}`, error))
      return `Stopping ${names.join(', ')} …`
    })
    return await Promise.race([stopping, waited])
  }

  /** On record; the error is what the person is told. */
  async #refused({ line, incoming, user }: Turn, why: string, approval?: string): Promise<TroupeError> {
    const data = { gateway: line.settings.id, chat: incoming.chat.id, user: user.id, what: incoming.did.kind, why }
    await this.#parts.store.write(async (tx) => await tx.journal({ type: 'chat.refused', subject: approval ?? line.settings.id, agent: null, data }))
    return new TroupeError('denied', why)
  }

  /** What is wrong with a question is its answer; what is wrong with troupe is thrown. */
  async #told(work: () => Promise<string>, marked = false): Promise<string> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TroupeError) || ['unavailable', 'internal'].includes(error.code)) throw error
      return `${marked ? '! ' : ''}${error.message}${error.hint === undefined ? '' : `. Try: ${error.hint}`}`
    }
  }

  async #say({ line, incoming, key }: Turn, text: string): Promise<void> {
    await this.#parts.store.write(async (tx) => await this.#put(tx, line, incoming, key, text))
  }

  async #put(tx: Tx, { settings }: Opened, { did, chat }: Incoming, key: string, text: string): Promise<void> {
    const replyTo = 'message' in did ? did.message : null
    await this.#parts.outbox.put(tx, { key: `${key} answer`, gateway: settings.id, chat: chat.id, content: { kind: 'text', text, format: 'plain', replyTo, buttons: [] }, urgency: 'answer' })
  }

  /** Nobody in particular, or nobody that the team knows. In a private chat it is told its id once, for the owner to add. */
  async #stranger(line: Opened, incoming: Incoming, key: string, until: AbortSignal): Promise<void> {
    const { chat, user, did } = incoming
    const { clock, store, outbox } = this.#parts
    if (did.kind === 'press' && line.gateway.inbound.by === 'poll') {
      await line.gateway.inbound.answer(did.press, 'This is not for you to decide.', true, within(answerMs, until)).catch((error: unknown) => this.#parts.report('refusing a button', error))
    }
    const asks = chat.kind === 'private' && did.kind === 'text' && /^\/start\b/.test(did.text)
    const about = `${line.settings.id} ${chat.id} ${user?.id ?? ''} ${asks ? 'start' : did.kind}`
    const last = this.#strangers.get(about)
    if (last !== undefined && clock.elapsed() - last < strangerEvery) return
    if (this.#strangers.size >= mostStrangers) this.#strangers.clear()
    this.#strangers.set(about, clock.elapsed())
    const data = { gateway: line.settings.id, chat: chat.id, user: user?.id ?? null, what: did.kind, why: line.chats.includes(chat.id) ? 'the chat is known, the person is not' : 'the chat is not known' }
    const text = `This bot does not know this chat. Its id is ${chat.id}: whoever runs the team can add it.`
    await store.write(async (tx) => {
      await tx.journal({ type: 'chat.refused', subject: line.settings.id, agent: null, data })
      if (!asks) return
      await outbox.put(tx, { key: `${key} stranger`, gateway: line.settings.id, chat: chat.id, content: { kind: 'text', text, format: 'plain', replyTo: null, buttons: [] }, urgency: 'answer' })
    })
  }
}

function within(ms: number, until: AbortSignal): AbortSignal {
  return AbortSignal.any([until, AbortSignal.timeout(ms)])
}

/** The question whether to stop, with its button. */
export function stopContent(row: Outgoing): Outgoing['content'] {
  if (row.content.kind !== 'text' || row.nonce === null || row.approval !== null) return row.content
  return { ...row.content, buttons: [{ label: '🛑 Stop', data: pressData('s', row, 'stop') }] }
}
