import { canonical } from '../../core/approval.ts'
import { aging } from '../../core/clock.ts'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import type { Rung } from '../../core/ladder.ts'
import type { FailureClass } from '../../core/restart.ts'
import type { Attempt, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import { ForwardedQuestions } from '../forwarded.ts'
import { isRecord } from '../json.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import { takeSpool } from '../spool.ts'
import { watchFolder } from '../watch-folder.ts'
import { Conversation } from './conversation.ts'
import { classify } from './failure.ts'
import { geminiFiles, readLaunched, type GeminiFiles } from './files.ts'
import { Held } from './held.ts'
import { Keys } from './keys.ts'
import { lastLines, short, type Shown } from './screen.ts'
import { teamTools } from './settings.ts'
import { State } from './state.ts'
import { callAnswer, isAbout, toolCall } from './tool-call.ts'

/** How often the screen and the session file are looked at, ms: before it is ready or while something goes on, and at rest. */
const workTickMs = 400
const restTickMs = 2_000
/** The CLI gives its tool servers some time before it goes on without. ms */
const toolsPatience = 30_000
/** After a hook's answer the turn goes on within this, or it does not. ms */
const goOnMs = 6_000
/** After a turn that failed for a reason that passes, what it lost is brought again after this. ms */
const againMs = 60_000

/** One running Gemini CLI: its hooks, session file and screen in, messages out. */
export class GeminiSession implements Session {
  readonly #context: SessionContext
  readonly #files: GeminiFiles
  readonly #signals = new Signals((signal) => this.#settle(signal))
  readonly #parcels = new Parcels()
  readonly #held = new Held()
  readonly #state: State
  readonly #conversation: Conversation
  readonly #keys: Keys
  readonly #questions = new ForwardedQuestions()
  readonly #lane = new Lane()
  readonly #age: () => number
  readonly #holdMs: number
  /** Calls that a person has just approved, and the last one that was announced. */
  readonly #approved = new Set<string>()
  #announced: ToolCall | null = null
  readonly #waiters = new Map<string, (attempt: Attempt | null) => void>()
  readonly #leave: (() => void)[] = []
  readonly #look: () => void
  #started = false
  #closed = false
  /** How the last turn failed. */
  #failed: FailureClass | 'unknown' | null = null
  /** What stood in the prompt that no answer came to yet. */
  #unanswered: Parcel[] = []
  readonly #lost: Parcel[] = []
  #bringing = false
  #cancelTick = () => {}
  #cancelGoOn = () => {}

  constructor(context: SessionContext) {
    this.#context = context
    this.#files = geminiFiles(context.folder)
    const launched = readLaunched(this.#files)
    this.#holdMs = launched?.holdMs ?? 0
    const { clock } = context.host
    this.#age = aging(clock, context.startedAt)
    this.#started = context.wasReady
    this.#state = new State(this.#signals, clock)
    this.#keys = new Keys(context.terminal, clock)
    const session = context.session ?? launched?.session ?? null
    const parts = { tmp: this.#files.tmp, parcels: this.#parcels, signals: this.#signals, startedAt: context.startedAt }
    this.#conversation = new Conversation({ ...parts, failed: (text, at) => this.#onFailure(text, at), cancelled: () => this.#onCancelled() }, session)
    this.#look = coalesce(
      () => this.#lookOnce(),
      (error) => this.#note(`its screen or session file cannot be read: ${reason(error)}`, 'session-file'),
    )
    const spooled = coalesce(
      () => takeSpool(this.#files.spool, async (event) => void (await this.hook(event))),
      (error) => this.#note(`what its hooks left cannot be read: ${reason(error)}`, 'hook'),
    )
    this.#leave.push(watchFolder(this.#files.spool, (name) => name.endsWith('.json'), clock, restTickMs, spooled))
    this.#tick()
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#signals.subscribe(listener)
  }

  hook(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    const answer = this.#onHook(event)
    this.#look()
    return Promise.resolve(answer)
  }

  gate(event: Record<string, unknown>): Gate | null {
    if (event['hook_event_name'] === 'Notification') return this.#question(event)
    const call = event['hook_event_name'] === 'BeforeTool' ? toolCall(event) : null
    if (call === null) return null
    this.#announced = call
    this.#look()
    const mode = this.#context.agent.permissionMode
    return {
      stage: 'call',
      call,
      patienceMs: this.#holdMs,
      answer: (verdict) => {
        // Its own rules may ask about this one all the same.
        if (verdict.do !== 'pass' && verdict.approved === true) this.#approved.add(callKey(call))
        return callAnswer(verdict, mode, call)
      },
    }
  }

  /** In mode manual its questions are forwarded. They stand at the terminal too, and whoever is first answers. */
  #question(event: Record<string, unknown>): Gate | null {
    const call = this.#announced
    if (this.#context.agent.permissionMode !== 'manual' || call === null || !isQuestion(event) || !isAbout(detailsOf(event), call)) return null
    if (this.#approved.has(callKey(call)) || call.kind === 'team' || call.kind === 'own') return null
    this.#state.asks(`asks for ${short(call.command ?? call.tool)}`)
    return this.#questions.gate(callKey(call), call, this.#holdMs, (verdict) => this.#type(call, verdict))
  }

  /** Its hooks cannot answer: a verdict is typed. */
  #type(call: ToolCall, verdict: Verdict): Record<string, unknown> {
    if (verdict.do === 'allow' || verdict.do === 'deny') this.#later('its question cannot be answered', this.settle(call, verdict.do === 'allow' ? 'approve' : 'deny'))
    return {}
  }

  /** Nobody waits for it: a terminal that is gone is told. */
  #later(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#note(`${what}: ${reason(error)}`, 'screen'))
  }

  async settle(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny'): Promise<boolean> {
    return await this.#lane.run(() => this.#keys.answer(call, verdict))
  }

  deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    return this.#lane.run(() => this.#offer(rung, parcel))
  }

  async #offer(rung: Rung, parcel: Parcel): Promise<Attempt> {
    const at = this.#state.at
    if (rung === 'fetch') return refused('Gemini fetches through its tools, by itself')
    if (rung === 'paste') return at === 'idle' ? await this.#paste(parcel) : refused(`Gemini is ${at ?? 'not ready'}: only an idle prompt takes a paste`)
    if (rung === 'turn-end' && at === 'waiting') return refused('a question is open: what waits for the turn’s end goes by push')
    if (at === null || at === 'idle') return refused(at === null ? 'Gemini is not ready' : 'the turn is over')
    this.#parcels.add(parcel, rung)
    this.#held.hold(parcel)
    return { result: 'taken', what: at === 'waiting' ? 'held until the question is answered' : 'held for the next tool result or the end of the turn' }
  }

  async #paste(parcel: Parcel): Promise<Attempt> {
    const why = await this.#keys.whyNoPaste(parcel.text)
    if (why !== null) return refused(why)
    this.#parcels.add(parcel, 'paste')
    this.#held.drop(parcel.marker)
    const echo = await this.#keys.paste(parcel.text, (ms) => this.#echo(parcel.marker, ms))
    return echo ?? { result: 'typed', what: 'pasted, but Gemini has not said that it took it' }
  }

  async interrupt(): Promise<void> {
    await this.#lane.run(async () => {
      if (this.#state.at === 'busy' || this.#state.at === 'waiting') await this.#keys.interrupt(() => this.#state.at === 'idle' || this.#closed)
    })
  }

  /** SIGTERM: it ends within a second and keeps the conversation; no key can go astray in a dialog. */
  farewell(): Typing[] | 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    this.#cancelTick()
    this.#cancelGoOn()
    for (const leave of this.#leave.splice(0)) leave()
    for (const settle of this.#waiters.values()) settle(null)
  }

  #tick(): void {
    if (this.#closed) return
    this.#look()
    this.#cancelTick = this.#context.host.clock.after(this.#state.at === 'idle' ? restTickMs : workTickMs, () => this.#tick())
  }

  async #lookOnce(): Promise<void> {
    await this.#conversation.read()
    const screen = await this.#context.terminal.screen().catch(() => '') // a terminal that is gone: its end is told elsewhere
    if (this.#closed || screen === '') return
    const shown = this.#keys.shown(screen)
    if (this.#state.at === null) return this.#lookAtStart(shown, screen)
    this.#state.seen(shown, lastLines(screen), this.#questions.open)
    if (shown.dialog?.limit === true) this.#later('its question cannot be answered', this.#lane.run(() => this.#keys.stopTrying()))
    if (this.#state.at !== 'waiting' && this.#questions.open) this.#questions.left(this.#state.at === 'idle' ? 'deny' : 'approve')
    this.#bringWhatIsLeft()
  }

  /** Its input box is drawn a moment before it knows the team's tools: a model that got mail then could not answer it. */
  #lookAtStart({ draft, dialog, working }: Shown, screen: string): void {
    const { tools } = this.#context
    if (dialog !== null) return this.#state.startDialog(dialog, lastLines(screen))
    if (draft === null || !(this.#started || this.#conversation.found)) return
    if (!this.#context.wasReady && tools.heardAt() === null && this.#age() < toolsPatience) return
    this.#state.ready(working ? 'busy' : 'idle')
  }

  /** Messages that were held for a turn which ended without them, and after a while those that a failed one lost. */
  #bringWhatIsLeft(): void {
    const idle = this.#state.idleFor()
    const [held] = this.#held.left()
    const [lost] = this.#lost
    const rested = idle >= againMs && (this.#failed === null || this.#failed === 'transient')
    const parcel = rested ? (held ?? lost) : this.#failed === null && idle >= goOnMs / 3 ? held : undefined
    if (parcel === undefined || this.#bringing) return
    this.#bringing = true
    void this.#lane
      .run(async () => (this.#state.at === 'idle' ? await this.#paste(parcel) : refused('it is at work')))
      .then(({ result }) => result !== 'refused' && parcel === lost && this.#lost.shift())
      .catch((error: unknown) => this.#note(`what was held cannot be typed: ${reason(error)}`, 'screen'))
      .finally(() => (this.#bringing = false))
  }

  #onHook(event: Record<string, unknown>): Record<string, unknown> {
    switch (event['hook_event_name']) {
      case 'SessionStart':
      case 'SessionEnd':
        return this.#onSession(event)
      case 'BeforeAgent':
        this.#onPrompt(String(event['prompt'] ?? ''))
        return {}
      case 'BeforeTool':
        this.#announced = toolCall(event)
        return {}
      case 'Notification':
        this.#onQuestion(event)
        return {}
      case 'AfterTool':
        return this.#onTool(event)
      case 'AfterAgent':
        return this.#onTurnEnd(String(event['prompt_response'] ?? ''))
      default:
        return {}
    }
  }

  #onSession(event: Record<string, unknown>): Record<string, unknown> {
    this.#note(`${String(event['hook_event_name'])}: ${String(event['source'] ?? event['reason'] ?? 'no reason given')}`, 'hook')
    if (event['hook_event_name'] === 'SessionStart' && typeof event['session_id'] === 'string') {
      this.#started = true
      this.#conversation.follow(event['session_id'])
    }
    return {}
  }

  /** Text entered the conversation: what was typed, or what the end of the last turn was answered with. */
  #onPrompt(text: string): void {
    const at = this.#context.host.clock.now()
    this.#cancelGoOn()
    this.#failed = null
    this.#state.become('busy', 'a prompt was taken', 'hook')
    this.#unanswered = this.#parcels.in(text).map(({ parcel }) => parcel)
    for (const parcel of this.#unanswered) this.#conversation.prove(parcel.marker, 'hook', 'BeforeAgent echoed it', at)
  }

  #onQuestion(event: Record<string, unknown>): void {
    const details = detailsOf(event)
    const call = this.#announced
    if (!isQuestion(event)) return
    if (call !== null && isAbout(details, call) && this.#approved.delete(callKey(call))) {
      this.#later('its question cannot be answered', this.settle(call, 'approve'))
      return
    }
    const words = [details['command'], details['filePath'], details['fileName'], details['toolName'], details['prompt']].find((each) => typeof each === 'string')
    const what = call === null ? 'a permission' : `permission for ${short(call.tool)}`
    this.#state.waits(what, `asks for ${short(call?.tool ?? String(details['title'] ?? 'a tool'))}${typeof words === 'string' ? `: ${short(words)}` : ''}`, 'hook')
  }

  #onTool(event: Record<string, unknown>): Record<string, unknown> {
    const tool = String(event['tool_name'] ?? 'a tool')
    const call = toolCall(event)
    if (call !== null) {
      this.#approved.delete(callKey(call))
      this.#questions.made(callKey(call))
    }
    this.#state.become('busy', `${short(tool)} has answered`, 'hook')
    const response = event['tool_response']
    if (!tool.startsWith(teamTools) && !(isRecord(response) && isRecord(response['error']))) this.#signals.emit({ type: 'work', tool })
    const text = this.#held.forTool()
    return text === null ? {} : { hookSpecificOutput: { hookEventName: 'AfterTool', additionalContext: text } }
  }

  /** A turn that came to nothing is not made longer: nobody would hear the answer. */
  #onTurnEnd(response: string): Record<string, unknown> {
    const text = response === '[no response text]' ? null : this.#held.forTurnEnd()
    if (text === null) {
      this.#held.turnBegan()
      this.#state.become('idle', 'the turn is over', 'hook')
      return {}
    }
    this.#cancelGoOn = this.#context.host.clock.after(goOnMs, () => this.#state.become('idle', 'the turn did not go on', 'hook'))
    return { decision: 'block', reason: text }
  }

  #onCancelled(): void {
    this.#questions.left('deny')
    this.#held.turnBegan()
    this.#state.become('idle', 'somebody cancelled the turn', 'session-file')
  }

  #onFailure(text: string, at: number): void {
    const failure = classify(text, at)
    const evidence = { at, what: `turn failed: ${short(text)}`, source: 'session-file' }
    this.#failed = failure?.class ?? 'unknown'
    this.#signals.emit(failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence })
    this.#keepWhatWasLost()
  }

  /** A prompt that the model never answered is taken back out of the conversation: what stood in it is brought again. */
  #keepWhatWasLost(): void {
    const lost = this.#unanswered.splice(0)
    this.#lost.push(...lost)
    for (const { marker } of lost) this.#conversation.forget(marker)
    if (lost.length > 0) this.#note(`the turn that failed took mail ${lost.map(({ n }) => `#${n}`).join(', ')} back out of the conversation: it comes again`, 'session-file')
  }

  /** What becomes of a marker within `ms`: proved, or null. */
  #echo(marker: string, ms: number): Promise<Attempt | null> {
    return new Promise((resolve) => {
      const done = (attempt: Attempt | null) => {
        cancel()
        this.#waiters.delete(marker)
        resolve(attempt)
      }
      const cancel = this.#context.host.clock.after(ms, () => done(null))
      this.#waiters.set(marker, done)
      const proof = this.#conversation.proofOf(marker)
      if (proof !== null) done({ result: 'proved', proof, what: 'it stands in the conversation' })
      else if (this.#closed) done(null)
    })
  }

  #settle(signal: Signal): void {
    if (signal.type === 'usage') this.#unanswered = []
    if (signal.type !== 'proof') return
    this.#held.drop(signal.marker)
    this.#waiters.get(signal.marker)?.({ result: 'proved', proof: signal.proof, what: signal.evidence.what })
  }

  #note(what: string, source: string): void {
    this.#signals.emit({ type: 'note', evidence: { at: this.#context.host.clock.now(), what, source } })
  }
}

function isQuestion(event: Record<string, unknown>): boolean {
  return event['notification_type'] === 'ToolPermission'
}

function detailsOf(event: Record<string, unknown>): Record<string, unknown> {
  return isRecord(event['details']) ? event['details'] : {}
}

function callKey({ tool, input }: Pick<ToolCall, 'tool' | 'input'>): string {
  return canonical([tool, input])
}

function refused(why: string): Attempt {
  return { result: 'refused', why }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
