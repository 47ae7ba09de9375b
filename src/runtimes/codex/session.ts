import type { ToolCall } from '../../core/gate.ts'
import type { Rung } from '../../core/ladder.ts'
import type { Attempt, Compaction, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import { carriersOf, processOf, signalProcess } from '../../util/processes.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import { short } from '../short.ts'
import type { AppServer } from './app-server.ts'
import { CallGate } from './call-gate.ts'
import { Conversation } from './conversation.ts'
import { dialogOf, unknownQuestion } from './dialogs.ts'
import { codexFiles, readLaunched } from './files.ts'
import { homeAt, type CodexHome } from './home.ts'
import { holdsCalls, unheld } from './hooks.ts'
import { inputOf } from './input.ts'
import { Line } from './line.ts'
import { Outgoing } from './outgoing.ts'
import type { Item, Notification, Question, Thread, ThreadStatus, Turn } from './protocol.ts'
import { Questions } from './questions.ts'
import { StartDialogs } from './start-dialogs.ts'
import { Turns } from './turns.ts'

/** For what its app-server does not tell: its record on disk grows. ms */
const tickMs = 2_000
/** Codex says that a message entered within 50 ms of its turn; on a busy machine it may take longer. ms */
const echoMs = 3_000

const source = 'app-server'

type Activity = { name: 'idle' | 'busy' } | { name: 'waiting'; what: string; fix: string; evidence: string }

/** One running Codex: its app-server's words and the record of its conversation in, messages out. */
export class CodexSession implements Session {
  readonly #context: SessionContext
  readonly #home: CodexHome
  readonly #signals = new Signals(() => undefined)
  readonly #conversation: Conversation
  readonly #line: Line
  readonly #lane = new Lane()
  readonly #questions = new Questions()
  readonly #turns: Turns
  readonly #outgoing: Outgoing
  readonly #gates: CallGate
  readonly #read: () => void
  #activity: Activity | null = null
  /** The conversation that was told last. */
  #thread: string | null = null
  #connected = false
  #latest: ThreadStatus = { type: 'notLoaded' }
  #pinning = false
  /** Its hook was seen to hold its calls; null: nobody looked yet. */
  #held: boolean | null = null
  #closed = false
  #leave = (): void => undefined

  constructor(context: SessionContext) {
    this.#context = context
    const { startedAt, host } = context
    const launched = readLaunched(codexFiles(context.folder))
    this.#home = homeAt(launched?.home ?? context.folder)
    this.#gates = new CallGate(launched?.holdMs ?? 0)
    this.#turns = new Turns(this.#signals, host.clock)
    const parcels = new Parcels()
    this.#conversation = new Conversation({ parcels, signals: this.#signals, startedAt })
    this.#outgoing = new Outgoing({ parcels, send: (parcel) => this.#send(parcel), isProved: (marker) => this.#conversation.proofOf(marker) !== null })
    const dialogs = new StartDialogs({ terminal: context.terminal, clock: host.clock, signals: this.#signals, startedAt })
    const listener = {
      pinned: async (thread: Thread, server: AppServer) => await this.#pinned(thread, server),
      told: (notification: Notification) => this.#told(notification),
      asked: (question: Question) => this.#asked(question),
      lost: (why: string) => this.#lost(why),
      gone: () => void this.#end().catch((error: unknown) => this.#note(`it could not be ended: ${reason(error)}`, source)),
      waits: () => void dialogs.look().catch((error: unknown) => this.#note(`its screen cannot be read: ${reason(error)}`, 'screen')),
    }
    this.#line = new Line({ socket: this.#home.socket, name: context.agent.address, clock: host.clock, listener })
    this.#read = coalesce(
      () => this.#conversation.read(),
      (error) => this.#note(`the record of its conversation cannot be read: ${reason(error)}`, 'rollout'),
    )
    if (launched === null) this.#note('it was started by another version, and cannot be watched', 'launch')
    else void this.#line.keep()
    this.#tick()
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#signals.subscribe(listener)
  }

  async hook(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    this.#read()
    return this.#gates.hook(event)
  }

  gate(event: Record<string, unknown>): Gate | null {
    const call = this.#gates.call(event)
    if (call !== null || this.#context.agent.permissionMode !== 'manual') return call
    return this.#gates.prompt(event, ({ tool }) => this.#forwarded(tool))
  }

  async settle(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny'): Promise<boolean> {
    const ready = this.#line.ready
    return ready !== null && this.#questions.settle(call, verdict, ready.server)
  }

  deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    return this.#lane.run(async (): Promise<Attempt> => {
      if (rung !== 'push') return refused('Codex takes messages over its app-server alone')
      if (this.#line.ready === null || this.#activity === null) return refused('its app-server is not connected')
      if (this.#held !== true) return refused(unheld.why)
      // The app-server outlives a terminal that was killed, by a moment, and would begin a turn that nobody sees the end of.
      if ((await processOf(this.#context.pid))?.zombie !== false) return refused('its process has ended')
      if (this.#activity.name === 'waiting') {
        this.#outgoing.hold(parcel)
        return { result: 'taken', what: 'held until the question is answered' }
      }
      const idle = this.#activity.name === 'idle'
      await this.#outgoing.give(parcel)
      const proof = idle ? await this.#outgoing.echo(parcel.marker, echoMs, this.#context.host.clock) : false
      if (proof) return { result: 'proved', proof: this.#conversation.proofOf(parcel.marker) ?? 'protocol', what: 'it stands in the conversation' }
      return { result: 'taken', what: idle ? 'its turn begins' : 'joins the running turn after its next tool call' }
    }).catch((error: unknown) => refused(reason(error)))
  }

  async interrupt(): Promise<void> {
    const ready = this.#line.ready
    const turnId = this.#turns.running
    if (ready === null || turnId === null) return
    this.#outgoing.forget()
    await ready.server.call('turn/interrupt', { threadId: ready.threadId, turnId }).catch(() => undefined) // over by itself meanwhile
  }

  async compact(): Promise<Compaction> {
    const ready = this.#line.ready
    if (ready === null || this.#activity?.name !== 'idle') return { result: 'later', what: `Codex is ${this.#activity?.name ?? 'not ready'}` }
    const before = this.#turns.compacted
    const over = this.#turns.next()
    await ready.server.call('thread/compact/start', { threadId: ready.threadId })
    const turn = await over
    if (this.#turns.compacted > before) return { result: 'done', what: 'Codex began anew with a summary of the conversation' }
    if (turn === null) return { result: 'failed', what: 'it ended, or another daemon took over, before the conversation was shortened' }
    return { result: 'failed', what: turn.error?.message ?? 'Codex did not shorten the conversation' }
  }

  /** SIGTERM: Codex restores the terminal and goes; its app-server keeps nothing that is not written down. */
  farewell(): Typing[] | 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    this.#turns.lost()
    this.#leave()
    this.#line.close()
  }

  #tick(): void {
    if (this.#closed) return
    this.#read()
    this.#leave = this.#context.host.clock.after(tickMs, () => this.#tick())
  }

  async #send(parcel: Parcel): Promise<void> {
    const ready = this.#line.ready
    if (ready === null) throw new Error('its app-server is not connected')
    // Where a turn runs, its input joins it.
    await ready.server.call('turn/start', { threadId: ready.threadId, clientUserMessageId: parcel.id, input: await inputOf(parcel) })
  }

  /** What is told meanwhile is kept in mind, and what it comes to is said at the end. */
  async #pinned(thread: Thread, server: AppServer): Promise<void> {
    const isOther = thread.id !== this.#thread
    this.#thread = thread.id
    this.#latest = thread.status
    this.#pinning = true
    this.#turns.began(null)
    if (this.#held !== true) await this.#checkHooks(thread.id, server)
    if (this.#closed) return
    if (!this.#connected) this.#signals.emit({ type: 'ready', evidence: this.#evidence('its app-server and its terminal share a conversation') })
    this.#connected = true
    if (isOther) this.#signals.emit({ type: 'session', id: thread.id, evidence: this.#evidence(`conversation ${thread.id}`) })
    if (typeof thread.path === 'string') this.#conversation.follow(thread.path, true)
    if (thread.status.type === 'active' || thread.status.type === 'systemError') await this.#catchUp(thread, server)
    this.#pinning = false
    this.#status(this.#latest)
    this.#read()
  }

  /** What went on while nobody listened. */
  async #catchUp({ id, status }: Thread, server: AppServer): Promise<void> {
    const [turn] = (await server.call('thread/turns/list', { threadId: id, limit: 1 })).data
    if (status.type === 'active' && turn?.status === 'inProgress') this.#turns.began(turn.id)
    if (turn !== undefined) this.#turns.found(turn)
  }

  /** A hook that Codex does not trust is skipped in silence: no call would be held. */
  async #checkHooks(threadId: string, server: AppServer): Promise<void> {
    const listed = await server.call('hooks/list', { threadId })
    this.#held = holdsCalls(listed, this.#home.config)
    if (!this.#held) this.#signals.emit({ type: 'failure', ...unheld, evidence: this.#evidence(unheld.why) })
  }

  #told(notification: Notification): void {
    if (notification.method === 'thread/started') return this.#threadBegan(notification.params.thread)
    if (notification.method === 'account/rateLimits/updated') return
    const { threadId } = notification.params
    if (threadId !== this.#thread) {
      if (notification.method === 'thread/status/changed') this.#subagent(threadId, notification.params.status)
      return
    }
    this.#onOwn(notification)
    this.#read()
  }

  #onOwn(notification: Exclude<Notification, { method: 'thread/started' | 'account/rateLimits/updated' }>): void {
    switch (notification.method) {
      case 'thread/status/changed':
        this.#latest = notification.params.status
        return this.#status(this.#latest)
      case 'turn/started':
        return this.#turns.began(notification.params.turn.id)
      case 'turn/completed':
        return this.#turnEnded(notification.params.turn)
      case 'item/started':
        return this.#entered(notification.params.item)
      case 'item/completed':
        return this.#turns.itemDone(notification.params.item)
      case 'error':
        return notification.params.willRetry ? this.#turns.retried(notification.params.error.additionalDetails ?? notification.params.error.message) : undefined
      case 'serverRequest/resolved':
        return this.#questions.over(notification.params.requestId)
      default:
        return
    }
  }

  /** A message is in the conversation once it is an item of it. */
  #entered(item: Item): void {
    if (item.type !== 'userMessage') return
    const text = (item.content ?? []).flatMap((part) => part.text ?? []).join('\n')
    const at = this.#context.host.clock.now()
    for (const marker of this.#conversation.markersIn(text)) {
      this.#conversation.prove(marker, 'protocol', 'it is an item of the turn', at)
      this.#outgoing.proved(marker)
    }
  }

  #turnEnded(turn: Turn): void {
    this.#turns.ended(turn)
    this.#report('idle')
    // What was on its way into a turn that was cut off never got there.
    this.#conversation
      .read()
      .then(() => this.#lane.run(() => this.#outgoing.again()))
      .catch((error: unknown) => this.#note(`what was on its way could not be sent again: ${reason(error)}`, source))
  }

  /** The idle of a turn's end is told with it, after what it came to. */
  #status(status: ThreadStatus): void {
    if (status.type !== 'active') return this.#turns.running === null ? this.#report('idle') : undefined
    if (status.activeFlags.length === 0) return this.#report('busy')
    const question = this.#questions.last
    this.#report(question === null ? { ...unknownQuestion, evidence: status.activeFlags.join(' ') } : dialogOf(question))
  }

  #asked(question: Question): void {
    this.#questions.asked(question)
    this.#report(dialogOf(question))
  }

  #report(next: 'idle' | 'busy' | { what: string; fix: string; evidence: string }): void {
    if (this.#pinning) return
    const before = this.#activity
    const activity: Activity = typeof next === 'string' ? { name: next } : { name: 'waiting', ...next }
    if (before?.name === activity.name && (activity.name !== 'waiting' || before.name !== 'waiting' || before.evidence === activity.evidence)) return
    this.#activity = activity
    if (activity.name === 'waiting') {
      const { what, fix } = activity
      return this.#signals.emit({ type: 'waiting', what, fix, evidence: this.#evidence(activity.evidence) })
    }
    this.#signals.emit({ type: activity.name, evidence: this.#evidence(`its thread is ${activity.name === 'busy' ? 'active' : 'idle'}`) })
    if (before?.name === 'waiting') this.#lane.run(() => this.#outgoing.release()).catch((error: unknown) => this.#note(`a message that was held could not be sent: ${reason(error)}`, source))
  }

  /** While its hook waits for troupe's answer, nothing stands at the terminal. */
  #forwarded(tool: string): () => void {
    this.#report({ what: `permission for ${short(tool)}`, fix: 'troupe approvals', evidence: `asks for ${short(tool)}` })
    return () => {
      if (this.#activity?.name === 'waiting') this.#report('busy')
    }
  }

  #threadBegan(thread: Thread): void {
    if (thread.ephemeral || (thread.parentThreadId ?? null) === null) return
    if (typeof thread.path === 'string') this.#conversation.follow(thread.path, false)
    this.#signals.emit({ type: 'subagent', id: thread.id, running: true })
    this.#subagents.add(thread.id)
  }

  readonly #subagents = new Set<string>()

  #subagent(id: string, status: ThreadStatus): void {
    if (status.type !== 'active' && this.#subagents.delete(id)) this.#signals.emit({ type: 'subagent', id, running: false })
  }

  /** What stood at the terminal is asked again of who comes. */
  #lost(why: string): void {
    this.#turns.lost()
    this.#questions.clear()
    this.#note(`the connection to its app-server ended: ${why}`, source)
  }

  /** Its terminal would wait for the app-server for good. */
  async #end(): Promise<void> {
    const { incarnation, pid } = this.#context
    const own = (await carriersOf(incarnation)).find((each) => each.pid === pid)
    if (own === undefined || this.#closed) return
    this.#note('its app-server is gone: its terminal is ended, so that it is started again', source)
    await signalProcess(own, 'SIGTERM')
  }

  #evidence(what: string): { at: number; what: string; source: string } {
    return { at: this.#context.host.clock.now(), what, source }
  }

  #note(what: string, from: string): void {
    this.#signals.emit({ type: 'note', evidence: { at: this.#context.host.clock.now(), what, source: from } })
  }
}

function refused(why: string): Attempt {
  return { result: 'refused', why }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
