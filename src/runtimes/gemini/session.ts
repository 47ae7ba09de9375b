import { join } from 'node:path'
import { aging } from '../../core/clock.ts'
import type { ToolCall } from '../../core/gate.ts'
import type { Rung } from '../../core/ladder.ts'
import type { Attempt, Compaction, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import { Echoes } from '../echoes.ts'
import { isRecord } from '../json.ts'
import { Parcels } from '../parcels.ts'
import { withPicturesIn, type PutPicture } from '../pictures.ts'
import { short } from '../short.ts'
import { Signals } from '../signals.ts'
import { takeSpool } from '../spool.ts'
import { watchFolder } from '../watch-folder.ts'
import { compact } from './compact.ts'
import { Conversation } from './conversation.ts'
import { classify } from './failure.ts'
import { geminiFiles, readLaunched, type GeminiFiles } from './files.ts'
import { Held } from './held.ts'
import { Keys } from './keys.ts'
import { Leftovers } from './leftovers.ts'
import { linked } from './linked.ts'
import { canMention, plain, withMentions } from './mentions.ts'
import { Questions } from './questions.ts'
import { Rest } from './rest.ts'
import { lastLines, type Shown } from './screen.ts'
import { teamTools } from './settings.ts'
import { State } from './state.ts'
import { toolCall } from './tool-call.ts'
import { Unentered } from './unentered.ts'

/** How often the screen and the session file are looked at, ms: before it is ready or while something goes on, and at rest. */
const workTickMs = 400
const restTickMs = 2_000
/** The CLI gives its tool servers some time before it goes on without; the hook of its start can be lost. ms */
const startPatience = 30_000
/** After a hook's answer the turn goes on within this, or it does not. ms */
const goOnMs = 6_000
/** What was left in the input box has just been entered: a hook is a process. ms */
const leftPatience = 8_000

/** One running Gemini CLI: its hooks, session file and screen in, messages out. */
export class GeminiSession implements Session {
  readonly #context: SessionContext
  readonly #files: GeminiFiles
  readonly #signals = new Signals((signal) => this.#settle(signal))
  readonly #parcels = new Parcels()
  readonly #held = new Held()
  readonly #leftovers = new Leftovers(this.#held)
  readonly #state: State
  readonly #conversation: Conversation
  readonly #keys: Keys
  readonly #rest: Rest
  readonly #questions: Questions
  readonly #lane = new Lane()
  readonly #age: () => number
  readonly #echoes: Echoes
  readonly #leave: (() => void)[] = []
  readonly #look: () => void
  #started = false
  #closed = false
  #bringing = false
  #entering = false
  #compacting = false
  #cancelTick = () => {}
  #cancelGoOn = () => {}

  constructor(context: SessionContext) {
    this.#context = context
    this.#files = geminiFiles(context.folder)
    const launched = readLaunched(this.#files)
    const { clock } = context.host
    this.#age = aging(clock, context.startedAt)
    this.#started = context.wasReady
    this.#state = new State(this.#signals, clock)
    this.#keys = new Keys(context.terminal, clock, new Unentered(this.#files.pasting))
    this.#rest = new Rest(context.folder)
    this.#questions = new Questions({
      mode: context.agent.permissionMode,
      holdMs: launched?.holdMs ?? 0,
      state: this.#state,
      answer: (call, verdict) => this.#later('its question cannot be answered', this.settle(call, verdict)),
    })
    const session = context.session ?? launched?.session ?? null
    const parts = { tmp: this.#files.tmp, parcels: this.#parcels, signals: this.#signals, startedAt: context.startedAt }
    this.#conversation = new Conversation({ ...parts, failed: (text, at) => this.#onFailure(text, at), cancelled: () => this.#onCancelled() }, session)
    this.#echoes = new Echoes(clock, (marker) => this.#conversation.proofOf(marker))
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
    const gate = this.#questions.gate(event)
    if (gate?.stage === 'call') this.#look()
    return gate
  }

  /** Nobody waits for it: a terminal that is gone is told. */
  #later(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#note(`${what}: ${reason(error)}`, 'screen'))
  }

  async settle(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny'): Promise<boolean> {
    return await this.#lane.run(() => this.#keys.answer(call, verdict, () => this.#questions.mayStand(call)))
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (this.#compacting) return refused('its conversation is being shortened')
    return await this.#lane.run(() => this.#offer(rung, parcel))
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
    const left = await this.#keys.enterLeft()
    if (left !== null) return await this.#afterLeft(parcel, left)
    const why = await this.#keys.whyNoPaste(parcel.text)
    if (why !== null) return refused(why)
    this.#parcels.add(parcel, 'paste')
    this.#held.drop(parcel.marker)
    const place = this.#conversation.place
    const shown = place !== null && canMention(place) ? parcel : { ...parcel, pictures: [] }
    const paste = async (pictures: readonly PutPicture[]) => await this.#keys.paste({ text: withMentions(parcel.text, pictures), marker: parcel.marker }, (ms) => this.#echoes.of(parcel.marker, ms))
    const echo = await withPicturesIn(join(place ?? '', 'images'), shown, async (pictures) => await linked(pictures, paste))
    return echo ?? { result: 'taken', what: 'pasted, but Gemini has not said that it took it' }
  }

  /** What was typed earlier, and stood in the box, goes first: the message itself, or another. */
  async #afterLeft({ marker }: Parcel, left: { marker: string; gone: boolean }): Promise<Attempt> {
    if (!left.gone) return refused('what was typed before does not leave the input box')
    const echo = left.marker === marker ? await this.#echoes.of(marker, leftPatience) : null
    return echo?.result === 'proved' ? echo : refused('what was typed before, and not entered, was entered first')
  }

  async interrupt(): Promise<void> {
    if (this.#compacting) return
    await this.#lane.run(async () => {
      if (this.#state.at === 'busy' || this.#state.at === 'waiting') await this.#keys.interrupt(() => this.#state.at === 'idle' || this.#closed)
    })
  }

  async compact(): Promise<Compaction> {
    if (this.#compacting) return { result: 'later', what: 'it is at it' }
    this.#compacting = true
    try {
      return await this.#lane.run(async () => {
        const at = this.#state.at
        if (at !== 'idle') return { result: 'later', what: `Gemini is ${at ?? 'not ready'}` }
        return await compact({ keys: this.#keys, conversation: this.#conversation, clock: this.#context.host.clock, closed: () => this.#closed })
      })
    } finally {
      this.#compacting = false
    }
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
    this.#echoes.close()
  }

  #tick(): void {
    if (this.#closed) return
    this.#look()
    this.#cancelTick = this.#context.host.clock.after(this.#state.at === 'idle' ? restTickMs : workTickMs, () => this.#tick())
  }

  async #lookOnce(): Promise<void> {
    await this.#conversation.read()
    if (this.#rest.goesOn(this.#state.at === 'idle' && this.#state.agrees)) return this.#bringWhatIsLeft()
    this.#rest.looks()
    const screen = await this.#context.terminal.screen().catch(() => '') // a terminal that is gone: its end is told elsewhere
    if (this.#closed || screen === '') return
    const shown = this.#keys.shown(screen)
    if (this.#state.at === null) return this.#lookAtStart(shown, screen)
    this.#state.seen(shown, lastLines(screen), this.#questions.open)
    if (shown.dialog?.limit === true) this.#later('its question cannot be answered', this.#lane.run(() => this.#keys.stopTrying()))
    if (this.#state.at === 'idle' && this.#keys.mayHoldOwn(shown)) this.#enterLeft()
    if (this.#state.at !== 'waiting' && this.#questions.open) this.#questions.left(this.#state.at === 'idle' ? 'deny' : 'approve')
    this.#bringWhatIsLeft()
  }

  /**
   * Its input box is drawn a moment too early: before it takes a conversation up again, when the box goes away with what stands
   * in it, and before it knows the team's tools, when a model that got mail could not answer it.
   */
  #lookAtStart({ draft, dialog, working }: Shown, screen: string): void {
    const { tools, wasReady } = this.#context
    if (dialog !== null) return this.#state.startDialog(dialog, lastLines(screen))
    if (draft === null) return
    const isPatient = this.#age() < startPatience
    if (!this.#started && (isPatient || !this.#conversation.found)) return
    if (!wasReady && tools.heardAt() === null && isPatient) return
    this.#state.ready(working ? 'busy' : 'idle')
  }

  #enterLeft(): void {
    if (this.#entering) return
    this.#entering = true
    this.#later('what was typed before cannot be entered', this.#lane.run(async () => (this.#state.at === 'idle' ? await this.#keys.enterLeft() : null)).finally(() => (this.#entering = false)))
  }

  #bringWhatIsLeft(): void {
    const parcel = this.#bringing ? null : this.#leftovers.due(this.#state.idleFor())
    if (parcel === null) return
    this.#bringing = true
    void this.#lane
      .run(async () => (this.#state.at === 'idle' ? await this.#paste(parcel) : refused('it is at work')))
      .then(({ result }) => result !== 'refused' && this.#leftovers.brought(parcel))
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
        this.#questions.announce(event)
        return {}
      case 'Notification':
        this.#questions.asked(event)
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
    this.#state.become('busy', 'a prompt was taken', 'hook')
    const taken = this.#parcels.in(plain(text)).map(({ parcel }) => parcel)
    this.#leftovers.prompted(taken)
    for (const parcel of taken) this.#conversation.prove(parcel.marker, 'hook', 'BeforeAgent echoed it', at)
  }

  #onTool(event: Record<string, unknown>): Record<string, unknown> {
    const tool = String(event['tool_name'] ?? 'a tool')
    const call = toolCall(event)
    if (call !== null) this.#questions.made(call)
    this.#state.become('busy', `${short(tool)} has answered`, 'hook')
    const response = event['tool_response']
    if (!tool.startsWith(teamTools) && !(isRecord(response) && isRecord(response['error']))) this.#signals.emit({ type: 'work', tool })
    const text = this.#held.forTool()
    return text === null ? {} : { hookSpecificOutput: { hookEventName: 'AfterTool', additionalContext: text } }
  }

  /** A turn that came to nothing is not made longer: nobody would hear the answer. */
  #onTurnEnd(response: string): Record<string, unknown> {
    const spoke = response !== '' && response !== '[no response text]'
    const text = response === '[no response text]' ? null : this.#held.forTurnEnd()
    if (text === null) {
      this.#held.turnBegan()
      if (spoke) this.#signals.emit({ type: 'said', text: response, at: this.#context.host.clock.now() })
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
    this.#signals.emit(failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence })
    const lost = this.#leftovers.turnFailed(failure?.class ?? 'unknown')
    for (const { marker } of lost) this.#conversation.forget(marker)
    if (lost.length > 0) this.#note(`the turn that failed took mail ${lost.map(({ n }) => `#${n}`).join(', ')} back out of the conversation: it comes again`, 'session-file')
  }

  #settle(signal: Signal): void {
    if (signal.type === 'usage') this.#leftovers.answered()
    if (signal.type === 'proof') this.#held.drop(signal.marker)
    this.#echoes.heard(signal)
  }

  #note(what: string, source: string): void {
    this.#signals.emit({ type: 'note', evidence: { at: this.#context.host.clock.now(), what, source } })
  }
}

function refused(why: string): Attempt {
  return { result: 'refused', why }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
