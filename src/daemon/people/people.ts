import type { Gateway, Identity, Post } from '../../core/gateway.ts'
import { TroupeError } from '../../core/error.ts'
import type { JournalEvent } from '../../core/event.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { readIds } from '../../core/people.ts'
import type { GatewaySettings } from '../../core/team.ts'
import { loadGateway } from '../../gateways/index.ts'
import { Lane } from '../../util/in-turn.ts'
import { menu } from './commands.ts'
import { Desk, type DeskParts } from './desk.ts'
import { Heads } from './heads.ts'
import { Pauses, pause, reasonOf, type LineState, type Opened } from './line.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { Showing } from './showing.ts'
import { Stops } from './stops.ts'

/** What went out is kept this long, ms. */
const keptFor = 30 * 86_400_000
/** A signed request is good this long before and after its own time, ms; its nonce is remembered as long. */
const postGoodFor = 300_000

export interface PeopleParts extends DeskParts {
  /** A team was read from its files, or brought up. */
  known(): boolean
  /** Of variables that the files name. */
  values(): Record<string, string>
  tell(agent: string, text: string, key: string): Promise<void>
  /** Nothing more comes of a row: what was kept for it can go. */
  done(row: Outgoing): Promise<void>
}

/** What the files and their variables say of one. */
interface Wanted {
  settings: GatewaySettings
  mark: string
  secret: string
  url: string | null
  chats: string[]
  users: string[]
}

/** One gateway of the team: open, or why not. */
interface Line {
  settings: GatewaySettings
  /** Of settings and values: another one means another gateway. */
  mark: string
  opened: Opened | null
  state: LineState
  /** Why the last thing that was to go out never will; null once another went. */
  refused: Refusal | null
  sender: Sender | null
  stop(): Promise<void>
}

interface Refusal {
  why: string
  at: number
}

export interface GatewayRow {
  settings: GatewaySettings
  state: LineState
  refused: Refusal | null
  chats: number
  queued: number
}

/** What could not be done, such as while the store was away, is tried again after this, and later each time it fails, ms. */
const firstAgain = 10_000
const lastAgain = 3_600_000

/** How long a daemon that begins may take to look for its gateways before it answers without them, ms. */
const longestStart = 10_000

/** The team's gateways: opens those that the files and their variables allow, keeps them open, and shows how each does. */
export class People {
  readonly #parts: PeopleParts
  readonly #desk: Desk
  readonly #showing: Showing
  readonly #stops: Stops
  readonly #heads: Heads
  #lines: Line[] = []
  readonly #turns = new Lane()
  #leave = (): void => undefined
  #stopped = true
  #cancelAgain: (() => void) | null = null
  #againAfter = firstAgain
  readonly #begun = Promise.withResolvers<void>()

  constructor(parts: PeopleParts) {
    this.#parts = parts
    this.#desk = new Desk(parts)
    const lines = (): Opened[] => this.#lines.flatMap(({ opened }) => opened ?? [])
    this.#showing = new Showing({ ...parts, lines })
    this.#stops = new Stops({ ...parts, lines })
    this.#heads = new Heads({ ...parts, lines }, () => void this.#inTurn('telling where the journal ends', async () => await this.#heads.tell()))
  }

  /** People may come at any time: the daemon stays for them. */
  get active(): boolean {
    return this.#lines.some(({ opened }) => opened !== null)
  }

  async start(): Promise<void> {
    this.#stopped = false
    this.#leave = this.#parts.store.subscribe((events) => this.#heard(events))
    try {
      await this.#parts.store.write(async (tx) => void (await tx.outbox.prune(this.#parts.clock.now() - keptFor)))
      await this.refresh()
    } finally {
      this.#begun.resolve()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#begun.resolve()
    this.#leave()
    this.#heads.stop()
    this.#cancelAgain?.()
    this.#cancelAgain = null
    await this.#turns.run(() => Promise.resolve())
    await Promise.all(this.#lines.map((line) => line.stop()))
    this.#lines = []
  }

  /** After the team or the values of its variables changed: only what differs is opened anew. */
  async refresh(): Promise<void> {
    await this.#inTurn('opening gateways', async () => {
      const wanted = this.#parts.known() ? this.#parts.team().gateways.map((settings) => this.#wanted(settings)) : []
      const gone = this.#lines.filter(({ mark }) => !wanted.some((each) => each.mark === mark))
      await Promise.all(gone.map((line) => line.stop()))
      // Why one is off may be over, such as another that has its bot.
      const kept = this.#lines.filter((line) => !gone.includes(line) && line.opened !== null)
      this.#lines = wanted.flatMap((each) => kept.find(({ mark }) => mark === each.mark) ?? [])
      for (const each of wanted) if (!kept.some(({ mark }) => mark === each.mark)) this.#lines.push(await this.#open(each))
      this.#lines = wanted.flatMap((each) => this.#lines.find(({ mark }) => mark === each.mark) ?? [])
      await this.#heads.tell()
      if (this.#lines.length > 0) {
        await this.#showing.catchUp()
        await this.#stops.catchUp(this.#parts.clock.now())
      }
      this.#againAfter = firstAgain
    })
  }

  /** Once the gateways were looked for: a daemon that has just begun to listen would seem to have none. Waits for that once. */
  async ready(): Promise<void> {
    const enough = this.#parts.clock.after(longestStart, this.#begun.resolve)
    await this.#begun.promise
    enough()
  }

  async rows(): Promise<GatewayRow[]> {
    await this.ready()
    const counts = await this.#parts.store.read((db) => db.outbox.counts())
    return this.#lines.map(({ settings, state, refused, opened }) => ({ settings, state, refused, chats: opened?.chats.length ?? 0, queued: counts[settings.id] ?? 0 }))
  }

  /** The open gateway of this id. Throws where it is not open, with the reason. */
  opened(id: string): Opened {
    const line = this.#lines.find(({ settings }) => settings.id === id)
    if (line?.opened) return line.opened
    const { why, hint } = line?.state.name === 'off' ? line.state : { why: 'it is not in the team', hint: 'troupe up' }
    throw new TroupeError('unavailable', `the gateway ${id} is not open: ${why}`, { hint })
  }

  /** What came in at the daemon's own door for the interface of this name. */
  async take(name: string, post: Post): Promise<void> {
    await this.ready()
    const { clock, store } = this.#parts
    const opened = this.#lines.find(({ settings, opened: each }) => each?.gateway.inbound.by === 'post' && settings.id.endsWith(` ${name}`))?.opened
    const inbound = opened?.gateway.inbound
    // Nobody learns here which names there are.
    if (opened === undefined || opened === null || inbound?.by !== 'post') throw new TroupeError('unauthorised', 'the signature is not right')
    const now = clock.now()
    const { nonce, incoming } = inbound.accept(post, now)
    const fresh = await store.write(async (tx) => await tx.nonces.use(opened.settings.id, nonce, now, now - 2 * postGoodFor))
    if (!fresh) throw new TroupeError('conflict', 'this nonce was used before', { hint: 'sign each request anew; the same id has its effect once' })
    await this.#desk.handle(opened, { id: name, name, warnings: [] }, incoming, new AbortController().signal)
  }

  #heard(events: readonly JournalEvent[]): void {
    this.#heads.heard(events.length)
    for (const event of events) {
      const { type, subject } = event
      if (type === 'outbox.queued') for (const line of this.#lines) line.sender?.wake()
      else if (Stops.concerns(type)) void this.#inTurn('telling of a stop', async () => await this.#stops.tell(event))
      else if (type === 'team.applied') void this.refresh()
      else if (/^approval\.(requested|approved|denied|used|expired)$/.test(type)) void this.#inTurn('showing an approval', async () => await this.#showing.changed(subject))
    }
  }

  /** One after the other; what fails is on record, and is looked for again: somebody may wait for an answer. */
  #inTurn(what: string, work: () => Promise<void>): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#stopped) return
      try {
        await work()
      } catch (error) {
        this.#parts.report(what, error)
        this.#cancelAgain ??= this.#parts.clock.after(this.#againAfter, () => {
          this.#cancelAgain = null
          void this.refresh()
        })
        this.#againAfter = Math.min(lastAgain, this.#againAfter * 2)
      }
    })
  }

  #wanted(settings: GatewaySettings): Wanted {
    const values = this.#parts.values()
    const of = (name: string | null): string => (name === null ? '' : (values[name] ?? ''))
    const secret = of(settings.secretEnv)
    const url = settings.url ?? (settings.urlEnv === null ? null : of(settings.urlEnv))
    const chats = [...new Set([...settings.chats, ...readIds(of(settings.chatsEnv))])]
    const users = [...new Set([...settings.users, ...readIds(of(settings.usersEnv))])]
    return { settings, mark: JSON.stringify([settings, secret, url, chats, users]), secret, url, chats, users }
  }

  async #open({ settings, mark, secret, url, chats, users }: Wanted): Promise<Line> {
    const off = (why: string, hint: string): Line => ({ settings, mark, opened: null, state: { name: 'off', why, hint }, refused: null, sender: null, stop: async () => undefined })
    if (secret === '') return off(`${settings.secretEnv} is not set`, `troupe bot setup, or put ${settings.secretEnv} into .env; then troupe up`)
    if (url === '') return off(`${settings.urlEnv} is not set`, `put ${settings.urlEnv} into .env; then troupe up`)
    const twin = this.#lines.find((line) => line.opened !== null && line.settings.type === settings.type && JSON.parse(line.mark)[1] === secret && settings.type === 'telegram')
    if (twin !== undefined) return off(`it is the same bot as that of ${twin.settings.id}`, 'each needs a bot of its own')
    let gateway: Gateway
    try {
      gateway = await loadGateway(settings.type, { secret, url })
    } catch (error) {
      // The others are opened all the same.
      this.#parts.report(`opening ${settings.id}`, error)
      const { why, hint } = reasonOf(error)
      return off(why, hint ?? 'mend that, then troupe up')
    }
    return this.#run({ settings, mark, opened: { settings, gateway, chats, users }, state: { name: 'connecting' }, refused: null, sender: null, stop: async () => undefined }, { settings, gateway, chats, users })
  }

  /** Starts its loops. */
  #run(line: Line, opened: Opened): Line {
    const abort = new AbortController()
    const { signal } = abort
    const { store, clock, report } = this.#parts
    const { settings, gateway } = opened
    const trouble = (error: unknown): void => this.#failing(line, error)
    const connected = (identity: Identity): void => this.#works(line, identity)
    const sender = new Sender({
      ...opened,
      store,
      clock,
      prepare: (row) => this.#showing.prepare(row),
      // Whether it can be heard is for who asks it; one that only takes is heard by that.
      sent: async (row) => {
        line.refused = null
        if (gateway.inbound.by === 'post') connected(identityOf(line.state) ?? { id: settings.id, name: settings.id, warnings: [] })
        await this.#parts.done(row)
      },
      failed: async (row, why) => {
        line.refused = { why, at: clock.now() }
        await this.#undelivered(row, why)
        await this.#parts.done(row)
      },
      trouble,
    })
    line.sender = sender
    const { inbound } = gateway
    const identify = async (until: AbortSignal): Promise<Identity> => {
      const identity = await gateway.identify(until)
      // A convenience: without it everything works.
      if (inbound.by === 'poll') await inbound.menu(menu, until).catch((error: unknown) => report(`the menu of ${settings.id}`, error))
      return identity
    }
    const listening =
      inbound.by === 'poll'
        ? new Receiver({ store, clock, inbound, gateway: settings.id, type: settings.type, identify, handle: (incoming, identity, until) => this.#desk.handle(opened, identity, incoming, until), lost: (incoming, identity, error) => this.#desk.lost(opened, identity, incoming, error), connected, trouble, report }).run(signal)
        : this.#greet(line, gateway, connected, trouble, signal)
    const running = Promise.all([sender.run(signal), listening]).catch((error: unknown) => report(`the gateway ${settings.id}`, error))
    line.stop = async () => {
      abort.abort()
      sender.wake()
      await running
    }
    return line
  }

  /** A platform that calls us is asked once whether it is there; what it takes meanwhile is answer enough. */
  async #greet(line: Line, gateway: Gateway, connected: (identity: Identity) => void, trouble: (error: unknown) => void, signal: AbortSignal): Promise<void> {
    const pauses = new Pauses()
    const isOver = (): boolean => signal.aborted || line.state.name === 'on'
    while (!isOver()) {
      try {
        return connected(await gateway.identify(signal))
      } catch (error) {
        if (isOver()) return
        trouble(error)
        await pause(this.#parts.clock, pauses.failed(error), signal)
      }
    }
  }

  #works(line: Line, identity: Identity): void {
    if (line.state.name === 'on') return
    line.state = { name: 'on', identity }
    this.#tell('gateway.on', line, { name: identity.name, warnings: identity.warnings })
  }

  #failing(line: Line, error: unknown): void {
    const { why, hint } = reasonOf(error)
    const before = line.state
    const since = before.name === 'failing' ? before.since : this.#parts.clock.now()
    line.state = { name: 'failing', why, hint, since, identity: identityOf(before) }
    if (before.name !== 'failing' || before.why !== why) this.#tell('gateway.failing', line, { why })
    if (!(error instanceof TroupeError)) this.#parts.report(`the gateway ${line.settings.id}`, error)
  }

  #tell(type: string, { settings }: Line, data: Record<string, unknown>): void {
    this.#parts.store.write(async (tx) => await tx.journal({ type, subject: settings.id, agent: null, data })).catch((error: unknown) => this.#parts.report(`telling of ${type}`, error))
  }

  /** Whoever wrote it hears that nobody got it. */
  async #undelivered({ id, message }: Outgoing, why: string): Promise<void> {
    const letter = message === null ? undefined : await this.#parts.store.read((db) => db.messages.get(message))
    if (letter === undefined) return
    await this.#parts.tell(letter.from, `Your message #${letter.n} did not reach the user: ${why}`, `outbox ${id}`)
  }
}

function identityOf(state: LineState): Identity | null {
  return state.name === 'on' || state.name === 'failing' ? state.identity : null
}
