import { realpathSync } from 'node:fs'
import { aging } from '../../core/clock.ts'
import type { Attempt, Compaction, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Rung } from '../../core/ladder.ts'
import type { Typing } from '../../core/supervisor.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import { Echoes } from '../echoes.ts'
import { isRecord } from '../json.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import { becomesReady, pin, show } from './beginning.ts'
import { Client } from './client.ts'
import { Conversation } from './conversation.ts'
import { enter, goOn, isBusy } from './entering.ts'
import { listen } from './events.ts'
import { opencodeFiles, readDoor } from './files.ts'
import { anAnswer, decision, Questions, whatOf } from './questions.ts'
import { toolCall } from './tool-call.ts'
import { TurnFailures } from './turn-failures.ts'

/** For what events miss. ms */
const tickMs = 2_000
/** At rest its events tell of everything that begins: then so many ticks go by between two looks. */
const restTicks = 15
/** Looks in a row that events overtook; the next tick looks again. */
const mostOvertaken = 5
const stepMs = 100
const abortPatience = 10_000

/** The API of the running process, and what stands in its conversations. */
interface Line {
  client: Client
  conversation: Conversation
}

/** One running OpenCode: events and conversation in, messages out, all over its HTTP API. */
export class OpencodeSession implements Session {
  readonly #context: SessionContext
  /** null where nobody knows any more where its API is. */
  readonly #line: Line | null
  readonly #signals = new Signals((signal) => this.#echoes.heard(signal))
  readonly #parcels = new Parcels()
  readonly #echoes: Echoes
  readonly #questions: Questions
  readonly #failures: TurnFailures
  readonly #lane = new Lane()
  readonly #age: () => number
  readonly #read: () => void
  readonly #leave: (() => void)[] = []
  /** Its conversation. */
  #id: string | null = null
  #ready = false
  /** Something may have happened that nobody heard. */
  #stale = true
  #status: 'idle' | 'busy' | null = null
  /** Turns that ended, and those of them whose words were read: what was said comes before the news of the end. */
  #ended = 0
  #heard = 0
  /** Events that told of its state or its questions: an answer that was on its way meanwhile may be older than they are. */
  #news = 0
  /** What was told last: nothing is told twice. */
  #told: string | null = null
  /** Calls that the gate looks at. */
  readonly #judged = new Set<string>()
  /** The last turn was broken off on purpose: what waits behind it is not begun, but goes along with what is said next. */
  #interrupted = false
  #closed = false

  constructor(context: SessionContext) {
    this.#context = context
    const { clock } = context.host
    this.#age = aging(clock, context.startedAt)
    this.#echoes = new Echoes(clock, (marker) => this.#line?.conversation.proofOf(marker) ?? null)
    this.#questions = new Questions(clock, () => this.#tell())
    this.#failures = new TurnFailures({ clock, signals: this.#signals, interrupt: () => this.interrupt() })
    const door = readDoor(opencodeFiles(context.folder), context.incarnation)
    const client = door === null ? null : new Client(door, realFolder(context.agent.cwd))
    this.#line = client === null ? null : { client, conversation: new Conversation({ client, parcels: this.#parcels, signals: this.#signals, startedAt: context.startedAt }) }
    this.#read = coalesce(
      async () => await this.#readAll(),
      (error) => this.#closed || this.#note(`its conversation cannot be read: ${reason(error)}`),
    )
    if (this.#line === null) this.#note('where its API listens is not known: it cannot be reached until it is started again')
    else this.#watch(this.#line)
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#signals.subscribe(listener)
  }

  async hook(): Promise<Record<string, unknown>> {
    return decision({ do: 'pass' })
  }

  gate(event: Record<string, unknown>): Gate | null {
    const name = event['hook_event_name']
    const call = name === 'PreToolUse' || name === 'PermissionRequest' ? toolCall(event, this.#id) : null
    if (call === null) return null
    // The plugin waits without an end.
    const patienceMs = Number.MAX_SAFE_INTEGER
    if (name === 'PreToolUse') return { stage: 'call', call, patienceMs, answer: this.#judging(String(event['call_id'])) }
    // In mode manual its questions are forwarded; otherwise they are for whoever is at its terminal.
    return this.#context.agent.permissionMode === 'manual' && call.kind !== 'team' ? this.#questions.gate(String(event['request_id']), call, patienceMs) : null
  }

  /** While a call is judged it may be held, and whoever holds it tells what it waits for: `busy` would hide that. */
  #judging(call: string): Gate['answer'] {
    this.#judged.add(call)
    return (verdict) => {
      this.#judged.delete(call)
      this.#tell()
      return decision(verdict)
    }
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    const [line, session] = [this.#line, this.#id]
    if (rung !== 'push') return { result: 'refused', why: 'OpenCode takes messages by its API, not by its terminal' }
    if (line === null || session === null || !this.#ready) return { result: 'refused', why: 'OpenCode is not ready' }
    const begins = () => (this.#interrupted = false)
    return await this.#lane.run(() => enter(parcel, { ...line, session, parcels: this.#parcels, echoes: this.#echoes, begins }))
  }

  async interrupt(): Promise<void> {
    const [line, id] = [this.#line, this.#id]
    if (line === null || id === null) return
    await this.#lane.run(async () => {
      if (!(await isBusy(line.client, id))) return
      this.#interrupted = true
      await line.client.abort(id)
      const { clock } = this.#context.host
      const end = clock.elapsed() + abortPatience
      while ((await isBusy(line.client, id)) && clock.elapsed() < end) await new Promise<void>((resolve) => void clock.after(stepMs, resolve))
    })
  }

  async compact(): Promise<Compaction> {
    const [line, id, model] = [this.#line, this.#id, this.#line?.conversation.model ?? null]
    if (line === null || id === null || !this.#ready) return { result: 'later', what: 'OpenCode is not ready' }
    if (model === null) return { result: 'failed', what: 'there is nothing to shorten yet' }
    if (await isBusy(line.client, id)) return { result: 'later', what: 'OpenCode is busy' }
    const done = await line.client.summarize(id, model)
    return done ? { result: 'done', what: 'OpenCode goes on from a summary of the conversation' } : { result: 'failed', what: 'OpenCode did not shorten the conversation' }
  }

  /** SIGTERM: no key can go astray in a dialog, and the conversation is in its database. */
  farewell(): Typing[] | 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    for (const leave of this.#leave.splice(0)) leave()
    this.#echoes.close()
  }

  #watch(line: Line): void {
    const { client, conversation } = line
    const { clock } = this.#context.host
    let stands = false
    let said = ''
    const look = coalesce(
      async () => await this.#look(line),
      (error) => {
        // Also on a machine so busy that it answers late: it is looked again.
        if (this.#closed || said === reason(error)) return
        said = reason(error)
        this.#note(`its state cannot be read: ${said}`)
      },
    )
    const opened = () => {
      stands = true
      this.#stale = true
      look()
    }
    const lost = (error: unknown) => {
      // Before it is up nobody listens there, and a line that breaks is told of once.
      if (stands && this.#ready) this.#note(`the line to its API: ${reason(error)}`)
      stands = false
    }
    this.#leave.push(listen({ client, clock, opened, lost, event: (type, properties) => this.#onEvent(type, properties, conversation) }))
    let cancel = () => {}
    let passed = 0
    const tick = () => {
      passed = this.#rests ? passed + 1 : restTicks
      if (stands && passed >= restTicks) {
        passed = 0
        look()
      }
      cancel = clock.after(tickMs, tick)
    }
    cancel = clock.after(tickMs, tick)
    this.#leave.push(() => cancel())
  }

  /** Which conversation, is everything there that a team needs, and what is its state. Done again where it failed. */
  async #look({ client, conversation }: Line): Promise<void> {
    const parts = { client, context: this.#context, age: this.#age, closed: () => this.#closed, emit: (signal: Signal) => this.#signals.emit(signal) }
    const id = (this.#id ??= await pin(parts))
    if (!this.#ready) await show(parts, id)
    if (this.#stale) {
      await this.#usageOfOthers(client, conversation, id)
      await conversation.read(id)
      this.#stale = false
    }
    this.#ready ||= await becomesReady(parts)
    await this.#resync(client, id)
  }

  get #rests(): boolean {
    return this.#ready && !this.#stale && this.#status === 'idle' && !this.#questions.any
  }

  /** What was answered before an event came would take back what the event told: a question that stands would count as refused. */
  async #resync(client: Client, id: string): Promise<void> {
    for (let left = mostOvertaken; left > 0 && this.#ready; left -= 1) {
      const news = this.#news
      const [statuses, asking] = await Promise.all([client.statuses(), client.asking()])
      if (this.#closed) return
      if (news === this.#news) return this.#take(statuses[id] ?? { type: 'idle' }, asking)
    }
  }

  #take(status: Record<string, unknown>, { permissions, questions }: Awaited<ReturnType<Client['asking']>>): void {
    const open = [...permissions.map((each) => ({ id: String(each['id']), what: whatOf(each) })), ...questions.map((each) => ({ id: String(each['id']), what: anAnswer }))]
    this.#questions.replace(open)
    this.#onStatus(status)
  }

  async #usageOfOthers(client: Client, conversation: Conversation, id: string): Promise<void> {
    for (const session of await client.sessions()) {
      const updated = isRecord(session['time']) ? session['time']['updated'] : 0
      if (session['id'] !== id && typeof updated === 'number' && updated >= this.#context.startedAt) await conversation.readUsage(String(session['id']))
    }
  }

  #onEvent(type: string, properties: Record<string, unknown>, conversation: Conversation): void {
    const { info, part, status } = properties
    const own = properties['sessionID'] === this.#id
    if (/^(session\.status|permission\.|question\.)/.test(type)) this.#news += 1
    switch (type) {
      case 'session.status':
        if (own && isRecord(status)) this.#onStatus(status)
        else if (isRecord(status) && status['type'] === 'idle') this.#subagent(properties['sessionID'], false)
        return
      case 'session.created':
        if (isRecord(info) && typeof info['parentID'] === 'string') this.#subagent(info['id'], true)
        return
      case 'session.error':
        if (own && this.#failures.failed(properties['error'])) this.#interrupted = true
        return
      case 'message.updated':
        if (own) this.#read()
        else if (isRecord(info)) conversation.usage(info)
        return
      case 'message.part.updated':
        if (isRecord(part)) conversation.tool(part)
        return
      default:
        this.#questions.event(type, properties)
    }
  }

  #onStatus(status: Record<string, unknown>): void {
    if (!this.#ready) return
    const was = this.#status
    this.#status = status['type'] === 'busy' || status['type'] === 'retry' ? 'busy' : 'idle'
    if (was !== 'busy' && this.#status === 'busy') this.#failures.turnBegan()
    if (status['type'] === 'retry') this.#failures.retry(status)
    if (was === 'busy' && this.#status === 'idle') this.#ended += 1
    this.#tell()
    if (was !== this.#status) this.#read()
  }

  #subagent(id: unknown, running: boolean): void {
    if (typeof id === 'string') this.#signals.emit({ type: 'subagent', id, running })
  }

  async #readAll(): Promise<void> {
    const [line, id] = [this.#line, this.#id]
    if (line === null || id === null || this.#closed) return
    const ended = this.#ended
    try {
      await line.conversation.readOn(id)
    } finally {
      this.#heard = ended
      this.#tell()
    }
    if (this.#status === 'idle' && !this.#interrupted && !this.#questions.any) await this.#lane.run(() => goOn({ ...line, session: id }))
  }

  #tell(): void {
    if (!this.#ready || this.#status === null || this.#closed) return
    const at = this.#context.host.clock.now()
    const asked = this.#questions.standing
    if (this.#status === 'idle' && asked === null && this.#heard < this.#ended) return
    const now = asked === null ? this.#status : `waiting ${asked}`
    if (now === this.#told || (now === 'busy' && this.#judged.size > 0)) return
    this.#told = now
    if (asked === null) this.#signals.emit({ type: this.#status, evidence: { at, what: `status ${this.#status}`, source: 'http' } })
    else this.#signals.emit({ type: 'waiting', what: asked, fix: 'choose with the arrow keys, confirm with Enter; Escape refuses', evidence: { at, what: 'it asks its user', source: 'http' } })
  }

  #note(what: string): void {
    this.#signals.emit({ type: 'note', evidence: { at: this.#context.host.clock.now(), what, source: 'http' } })
  }
}

/** As the process sees it. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder // gone meanwhile: then nothing else fits either
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
