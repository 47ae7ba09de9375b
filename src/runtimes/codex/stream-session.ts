import type { Rung } from '../../core/ladder.ts'
import type { Verdict } from '../../core/gate.ts'
import type { Attempt, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import { coalesce } from '../../util/in-turn.ts'
import { isRecord } from '../json.ts'
import { Asks } from '../lane/asks.ts'
import { Talk, type Protocol } from '../lane/talk.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import { short } from '../short.ts'
import { CallGate } from './call-gate.ts'
import { Conversation } from './conversation.ts'
import { dialogOf } from './dialogs.ts'
import { codexFiles, readLaunched } from './files.ts'
import { homeAt } from './home.ts'
import { holdsCalls, unheld } from './hooks.ts'
import { inputOf, words } from './input.ts'
import { answerTo, notifications, questions, results, thread, type Item, type Notification, type Question, type Thread, type ThreadStatus, type UserInput } from './protocol.ts'
import { Outgoing } from './outgoing.ts'
import { Turns } from './turns.ts'

/** For what the app-server does not tell: the record on disk grows. ms */
const tickMs = 2_000
const interruptMs = 10_000

type Fields = Record<string, unknown>

/** Codex's app-server on its standard streams: one thread, held by a lane. Its hooks hold calls as at a terminal. */
export class CodexStream implements Session, Protocol {
  readonly #context: SessionContext
  readonly #talk: Talk
  readonly #asks: Asks
  readonly #conversation: Conversation
  readonly #parcels = new Parcels()
  readonly #turns: Turns
  readonly #outgoing: Outgoing
  readonly #gates: CallGate
  readonly #read: () => void
  readonly #requests = new Map<string, string>()
  readonly #overs = new Set<() => void>()
  readonly #wanted: string | null
  readonly #config: string
  #greeted = false
  /** Whether its hook holds its calls; null: it was not asked yet. */
  #held: boolean | null = null
  /** Of what is heard just now, ms. */
  #at = 0
  #thread: Thread | null = null
  #state: 'idle' | 'busy' | 'waiting' | null = null
  #n = 0
  #closed = false
  #leave = (): void => undefined

  constructor(context: SessionContext) {
    this.#context = context
    const launched = readLaunched(codexFiles(context.folder))
    this.#wanted = launched?.session ?? null
    this.#config = homeAt(launched?.home ?? context.folder).config
    this.#gates = new CallGate(launched?.holdMs ?? 0)
    this.#asks = new Asks(async (gate, signal) => await context.judge(gate, signal))
    this.#talk = new Talk(context, this)
    // What turns tell is a state too: of a replay only the last counts.
    const ofTurns = new Signals((signal) => this.#talk.emit(signal))
    ofTurns.subscribe(() => undefined)
    this.#turns = new Turns(ofTurns, { now: () => this.#at })
    this.#conversation = new Conversation({ parcels: this.#parcels, signals: this.#talk.signals, startedAt: context.startedAt })
    this.#read = coalesce(
      () => this.#conversation.read(),
      (error) => this.#tell({ type: 'note' }, `the record of its conversation cannot be read: ${error instanceof Error ? error.message : String(error)}`),
    )
    this.#outgoing = new Outgoing({ parcels: this.#parcels, send: (parcel) => this.#send(parcel), isProved: (marker) => this.#conversation.proofOf(marker) !== null })
    this.#tick()
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#talk.signals.subscribe(listener)
  }

  hook(event: Fields): Promise<Fields> {
    this.#read()
    return Promise.resolve(this.#gates.hook(event))
  }

  gate(event: Fields): Gate | null {
    const call = this.#gates.call(event)
    if (call !== null || this.#context.agent.permissionMode !== 'manual') return call
    return this.#gates.prompt(event, ({ tool, command }) => {
      this.#report({ what: `permission: ${short(command ?? tool)}`, fix: 'troupe approvals', evidence: `asks for ${short(tool)}` })
      return () => this.#report('busy')
    })
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (rung !== 'push') return { result: 'refused', why: `over its protocol there is no ${rung}` }
    if (this.#thread === null) return { result: 'refused', why: 'it has no conversation yet' }
    if (this.#state === 'waiting') {
      this.#outgoing.hold(parcel)
      return { result: 'taken', what: 'held until the question is answered' }
    }
    const busy = this.#state !== 'idle'
    const given = await this.#outgoing.give(parcel).then(() => true, () => false)
    if (!given) return { result: 'refused', why: 'its lane does not answer' }
    return { result: 'taken', what: busy ? 'joins the running turn after its next tool call' : 'its turn begins' }
  }

  async interrupt(): Promise<void> {
    const turnId = this.#turns.running
    if (turnId === null || this.#thread === null) return
    this.#outgoing.forget()
    const over = new Promise<void>((resolve) => {
      const cancel = this.#context.host.clock.after(interruptMs, () => resolve())
      this.#overs.add(() => (cancel(), resolve()))
    })
    await this.#call('turn/interrupt', { threadId: this.#thread.id, turnId })
    await over
  }

  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    this.#leave()
    this.#asks.close()
    this.#talk.close()
    this.#turnOver()
  }

  hear(message: Fields, way: 'in' | 'out', at: number): void {
    const { id, method } = message
    this.#at = at
    if (way === 'in') {
      if (typeof method !== 'string') this.#asks.shut(String(id))
      else if (id !== undefined) this.#requests.set(String(id), method)
    } else if (typeof method !== 'string') this.#answered(String(id), message, at)
    else if (id !== undefined) this.#asked(message)
    else this.#told(method, message['params'])
  }

  live(): void {
    this.#asks.live()
    this.#talk.later(this.#begin())
  }

  typed(text: string, tag: string): void {
    if (this.#thread !== null) this.#talk.later(this.#prompt([words(text)], null, tag))
  }

  interrupted(): void {
    this.#talk.later(this.interrupt())
  }

  snapshot(): unknown {
    return this.#thread !== null && this.#state === 'idle' && this.#requests.size === 0 ? { thread: this.#thread } : null
  }

  restore(state: unknown): void {
    const read = thread.safeParse(isRecord(state) ? state['thread'] : null)
    if (read.success) this.#opened(read.data)
  }

  ended(): void {
    this.#turnOver()
    this.#read()
  }

  async #begin(): Promise<void> {
    if (this.#requests.size > 0 || this.#thread !== null || this.#held === false) return
    if (!this.#greeted) {
      return void (await this.#call('initialize', { clientInfo: { name: 'troupe', title: 'troupe', version: '1' }, capabilities: { experimentalApi: true, requestAttestation: false } }))
    }
    if (this.#held === null) {
      await this.#talk.write({ method: 'initialized' })
      return void (await this.#call('hooks/list', { cwds: [this.#context.agent.cwd] }))
    }
    if (this.#wanted === null) await this.#call('thread/start', { cwd: this.#context.agent.cwd })
    else await this.#call('thread/resume', { threadId: this.#wanted, excludeTurns: true })
  }

  #answered(id: string, { result, error }: Fields, at: number): void {
    const method = this.#requests.get(id)
    this.#requests.delete(id)
    if (method === 'hooks/list') this.#check(result, at)
    else if (isRecord(error)) return this.#tell({ type: 'note' }, `${method ?? 'a call'} was refused: ${String(error['message'])}`, at)
    if (method === 'initialize') this.#greeted = true
    if (method === 'thread/start' || method === 'thread/resume') {
      const read = thread.safeParse(isRecord(result) ? result['thread'] : null)
      if (read.success) this.#opened(read.data)
    }
    if (this.#talk.isLive) this.#talk.later(this.#begin())
  }

  /** Where it does not hold its calls, it gets no conversation, and so nothing to do. */
  #check(result: unknown, at: number): void {
    const listed = results['hooks/list'].safeParse(result)
    this.#held = listed.success && holdsCalls(listed.data, this.#config)
    if (!this.#held) this.#talk.emit({ type: 'failure', ...unheld, evidence: { at, what: unheld.why, source: 'app-server' } })
  }

  #opened(opened: Thread): void {
    this.#thread = opened
    this.#talk.emit({ type: 'session', id: opened.id, evidence: this.#evidence(`conversation ${opened.id}`) })
    if (typeof opened.path === 'string') this.#conversation.follow(opened.path, true)
    this.#tell({ type: 'ready' }, 'its thread is open')
    this.#report('idle')
  }

  #asked(message: Fields): void {
    const method = String(message['method'])
    const known = Object.hasOwn(questions, method) ? questions[method as Question['method']].safeParse(message['params']) : null
    if (known?.success !== true) return this.#unknown(message['id'], method)
    const question = { id: message['id'], method, params: known.data } as Question
    const answer = (verdict: Verdict): void => {
      const said = answerTo(question, verdict.do === 'allow' ? 'approve' : 'deny')
      void this.#talk.write(said === null ? { id: question.id, error: { code: -32_601, message: 'nobody answers that here' } } : { id: question.id, result: said })
      this.#report('busy')
    }
    this.#report(dialogOf(question))
    const { command, cwd } = known.data as { command?: string | null; cwd?: string | null }
    const call: Gate['call'] = { tool: method, kind: typeof command === 'string' ? 'shell' : 'other', input: { command: command ?? null, reason: known.data.reason ?? null }, command: command ?? null, paths: [], cwd: cwd ?? this.#context.agent.cwd }
    this.#asks.open(String(question.id), { stage: 'prompt', call, patienceMs: Infinity }, answer)
  }

  /** Its turn would wait for an answer for good: there is nobody else to give one. */
  #unknown(id: unknown, method: string): void {
    this.#tell({ type: 'note' }, `it asks for ${short(method)}, which is not offered here`)
    this.#asks.open(String(id), null, () => void this.#talk.write({ id, error: { code: -32_601, message: `${method} is not offered` } }))
  }

  #told(method: string, params: unknown): void {
    const known = Object.hasOwn(notifications, method) ? notifications[method as Notification['method']].safeParse(params) : null
    if (known?.success !== true) return
    const notification = { method, params: known.data } as Notification
    if ('threadId' in notification.params && notification.params.threadId !== this.#thread?.id) return
    switch (notification.method) {
      case 'thread/status/changed':
        this.#status(notification.params.status)
        break
      case 'turn/started':
        this.#turns.began(notification.params.turn.id)
        break
      case 'turn/completed':
        this.#turns.ended(notification.params.turn)
        this.#asks.shutAll()
        this.#report('idle')
        this.#turnOver()
        // What was on its way into a turn that was cut off never got there.
        if (this.#talk.isLive) void this.#outgoing.again().catch(() => undefined) // offered again by whoever gave it
        break
      case 'item/started':
        this.#entered(notification.params.item)
        break
      case 'item/completed':
        this.#turns.itemDone(notification.params.item)
        break
      case 'error':
        if (notification.params.willRetry) this.#turns.retried(notification.params.error.additionalDetails ?? notification.params.error.message)
        break
      case 'serverRequest/resolved':
        this.#asks.shut(String(notification.params.requestId))
        break
      default:
    }
    this.#read()
  }

  /** The idle of a turn's end is told with it, after what it came to. */
  #status(status: ThreadStatus): void {
    if (status.type === 'active' && status.activeFlags.length === 0) this.#report('busy')
    if (status.type !== 'active' && this.#turns.running === null) this.#report('idle')
  }

  #entered(item: Item): void {
    if (item.type !== 'userMessage') return
    const text = (item.content ?? []).flatMap((part) => part.text ?? []).join('\n')
    for (const marker of this.#conversation.markersIn(text)) this.#conversation.prove(marker, 'protocol', 'it is an item of the turn', this.#context.host.clock.now())
    for (const marker of this.#conversation.markersIn(text)) this.#outgoing.proved(marker)
  }

  async #send(parcel: Parcel): Promise<void> {
    if (!(await this.#prompt(await inputOf(parcel), parcel.id))) throw new Error('its lane does not answer')
  }

  async #prompt(input: UserInput[], id: string | null, tag?: string): Promise<boolean> {
    // Where a turn runs, its input joins it.
    return await this.#call('turn/start', { threadId: this.#thread?.id, ...(id === null ? {} : { clientUserMessageId: id }), input }, tag)
  }

  async #call(method: string, params: Fields, tag?: string): Promise<boolean> {
    return await this.#talk.write({ id: `troupe-${process.pid}-${++this.#n}`, method, params }, tag)
  }

  #report(next: 'idle' | 'busy' | { what: string; fix: string; evidence: string }): void {
    const name = typeof next === 'string' ? next : 'waiting'
    if (name === this.#state && name !== 'waiting') return
    const before = this.#state
    this.#state = name
    if (typeof next === 'string') this.#tell({ type: next }, `its thread is ${next}`)
    if (before === 'waiting' && name !== 'waiting' && this.#talk.isLive) void this.#outgoing.release().catch(() => undefined) // as above
    if (typeof next === 'string') return
    this.#talk.emit({ type: 'waiting', what: next.what, fix: next.fix, evidence: this.#evidence(next.evidence) })
  }

  #turnOver(): void {
    for (const over of this.#overs) over()
    this.#overs.clear()
  }

  #tick(): void {
    if (this.#closed) return
    this.#read()
    this.#leave = this.#context.host.clock.after(tickMs, () => this.#tick())
  }

  #tell(signal: { type: 'ready' | 'idle' | 'busy' | 'note' }, what: string, at = this.#context.host.clock.now()): void {
    this.#talk.emit({ ...signal, evidence: { at, what, source: 'app-server' } })
  }

  #evidence(what: string): { at: number; what: string; source: string } {
    return { at: this.#context.host.clock.now(), what, source: 'app-server' }
  }
}
