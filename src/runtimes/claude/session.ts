import { aging } from '../../core/clock.ts'
import type { ToolCall } from '../../core/gate.ts'
import type { Attempt, Compaction, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Rung } from '../../core/ladder.ts'
import type { Typing } from '../../core/supervisor.ts'
import { callGate, callKey } from './call-gate.ts'
import { awaitCompact, enterCompact } from './compact.ts'
import { Conversation } from './conversation.ts'
import { classify } from './failure.ts'
import { claudeFiles, readLaunched, type ClaudeFiles } from './files.ts'
import { claudeHome } from './home.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import { interrupt } from './interrupt.ts'
import { Echoes } from '../echoes.ts'
import { ForwardedQuestions } from '../forwarded.ts'
import { Parcels } from '../parcels.ts'
import { Questions } from './questions.ts'
import { Reconnect } from './reconnect.ts'
import { offer } from './rungs.ts'
import { readSessionFile, type Own, type SessionFile } from './session-file.ts'
import { teamTools } from './settings.ts'
import { Signals } from '../signals.ts'
import { takeSpool } from '../spool.ts'
import { changes } from './status.ts'
import { promptAnswer, promptedCall, settlePrompt } from './prompts.ts'
import { watchFolder } from '../watch-folder.ts'
import { TurnEnd } from './turn-end.ts'

/** For what a folder watch misses. ms */
const tickMs = 2_000
/** Claude writes its transcript in batches, about 100 ms after the fact. */
const flushMs = 250
/** A retry that was written down longer ago is history, read at an adoption. ms */
const retryReach = 15_000

/** Claude gives a tool server as long to answer before it goes on without. ms */
const toolsPatience = 30_000
const toolsStepMs = 50

/** One running Claude: its session file, hooks and transcript in, messages out. */
export class ClaudeSession implements Session {
  readonly #context: SessionContext
  readonly #files: ClaudeFiles
  readonly #own: Own
  readonly #signals = new Signals((signal) => this.#settle(signal))
  readonly #parcels = new Parcels()
  readonly #turnEnd = new TurnEnd()
  readonly #conversation: Conversation
  readonly #questions: Questions
  readonly #reconnect: Reconnect
  readonly #age: () => number
  #reconnecting = false
  /** A command of ours stands at its prompt, or is at work. */
  #commanding = false
  #again = () => {}
  #cancelAgain = () => {}
  readonly #lane = new Lane()
  readonly #holdMs: number
  /** Calls that a person has just approved. */
  readonly #approved = new Set<string>()
  readonly #prompts = new ForwardedQuestions()
  readonly #echoes: Echoes
  readonly #read: () => void
  readonly #leave: (() => void)[] = []
  #seen: SessionFile | null = null
  /** `prompt_id` of the last prompt: what is typed into a running turn carries the turn's. */
  #turn: unknown = null
  /** When the last turn began, as far as it was seen, ms; and how it failed. */
  #turnAt = 0
  #failed: string | null = null
  /** A hook told of the turn that runs: the session file says it again, a little later. */
  #prompted = false
  #closed = false
  /** How often Claude said that it shortened the conversation, by itself or because it was asked. */
  #compacted = 0

  constructor(context: SessionContext) {
    this.#context = context
    this.#files = claudeFiles(context.folder)
    const launched = readLaunched(this.#files)
    this.#holdMs = launched?.holdMs ?? 0
    const home = claudeHome(context.host.home, launched?.configDir ?? null)
    this.#own = { folder: home.sessions, pid: context.pid, startedAt: context.startedAt }
    const { startedAt, terminal } = context
    const { clock } = context.host
    this.#age = aging(clock, startedAt)
    const parts = { home, parcels: this.#parcels, signals: this.#signals, startedAt, retried: (at: number) => this.#onRetry(at), failed: this.#onFailure.bind(this, 'transcript') }
    this.#questions = new Questions({ terminal, clock, age: this.#age, signals: this.#signals, reread: () => readSessionFile(this.#own) })
    this.#reconnect = new Reconnect({ tools: context.tools, own: this.#own, terminal, clock, signals: this.#signals })
    this.#conversation = new Conversation(parts, context.session ?? launched?.session ?? null)
    this.#echoes = new Echoes(clock, (marker) => this.#conversation.proofOf(marker))
    this.#read = coalesce(
      () => this.#conversation.read(),
      (error) => this.#note(`its transcript cannot be read: ${reason(error)}`, 'transcript'),
    )
    this.#watch()
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#signals.subscribe(listener)
  }

  async hook(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    const answer = this.#onHook(event)
    this.#readSoon()
    return answer
  }

  gate(event: Record<string, unknown>): Gate | null {
    if (event['hook_event_name'] === 'PermissionRequest') return this.#prompt(event)
    const gate = callGate(event, this.#holdMs, this.#approved)
    if (gate !== null) this.#readSoon()
    return gate
  }

  /** In mode manual its questions are forwarded. They stand at the terminal too, and whoever is first answers. */
  #prompt(event: Record<string, unknown>): Gate | null {
    const call = this.#context.agent.permissionMode === 'manual' ? promptedCall(event) : null
    if (call === null || this.#approved.has(callKey(event))) return null
    return this.#prompts.gate(callKey(event), call, this.#holdMs, promptAnswer)
  }

  /** What it costs counts while the turn runs: its records are read at each tool call, once they are on the disk. */
  #readSoon(): void {
    this.#context.host.clock.after(flushMs, () => this.#closed || this.#read())
  }

  async settle(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny'): Promise<boolean> {
    return await this.#lane.run(() => settlePrompt(call, verdict, { own: this.#own, terminal: this.#context.terminal, clock: this.#context.host.clock }))
  }

  deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    const { terminal, host, folder } = this.#context
    const parts = { own: this.#own, folder, terminal, parcels: this.#parcels, turnEnd: this.#turnEnd, clock: host.clock }
    return this.#lane.run(() => offer(rung, parcel, { ...parts, echo: (marker, ms) => this.#echoes.of(marker, ms) }))
  }

  async interrupt(): Promise<void> {
    const { terminal, host } = this.#context
    const { restored } = await this.#lane.run(() => interrupt(this.#own, terminal, host.clock))
    if (restored === null) return
    const mail = this.#parcels.in(restored).map(({ parcel }) => `#${parcel.n}`)
    const whose = mail.length === 0 ? 'the last prompt' : `mail ${mail.join(', ')}`
    this.#note(`interrupted before the first word: Claude took ${whose} back out of the conversation`, 'screen')
  }

  async compact(): Promise<Compaction> {
    const parts = { own: this.#own, terminal: this.#context.terminal, clock: this.#context.host.clock }
    const before = this.#compacted
    const entered = await this.#lane.run(() => enterCompact(parts))
    return entered ?? (await awaitCompact(parts, () => this.#compacted > before, () => this.#closed))
  }

  /** SIGTERM: Claude ends within 100 ms, keeps the conversation and removes its session file; no key can go astray in a dialog. */
  farewell(): Typing[] | 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    this.#cancelAgain()
    for (const leave of this.#leave.splice(0)) leave()
    this.#questions.close()
    this.#echoes.close()
  }

  #watch(): void {
    const { clock } = this.#context.host
    const { pid, folder } = this.#own
    const look = coalesce(
      () => this.#look(),
      (error) => this.#note(`its session file cannot be read: ${reason(error)}`, 'session-file'),
    )
    const spooled = coalesce(
      () => takeSpool(this.#files.spool, async (event) => void (await this.hook(event))),
      (error) => this.#note(`what its hooks left cannot be read: ${reason(error)}`, 'hook'),
    )
    this.#again = look
    this.#leave.push(watchFolder(folder, (name) => name === `${pid}.json`, clock, tickMs, look))
    this.#leave.push(watchFolder(this.#files.spool, (name) => name.endsWith('.json'), clock, tickMs, spooled))
  }

  async #look(): Promise<void> {
    const found = await readSessionFile(this.#own)
    if (this.#closed) return
    if (found === null) {
      if (this.#seen === null) await this.#questions.lookAtStart()
      return
    }
    if (this.#waitsForTools(found)) {
      // Each look asks for one more, and changes of the folder for others beside it.
      this.#cancelAgain()
      this.#cancelAgain = this.#context.host.clock.after(toolsStepMs, this.#again)
      return
    }
    // What our own command shows for a moment is no question to anybody; what is still there after it is.
    if (this.#commanding && found.status === 'waiting') return
    if (this.#seen?.status === 'waiting' && found.status !== 'waiting') {
      this.#questions.answered()
      this.#prompts.left(found.status === 'idle' ? 'deny' : 'approve')
    }
    const signals = changes(this.#seen, found, this.#questions.asking, this.#context.host.clock.now())
    if (this.#seen !== null && this.#seen.status !== 'busy' && found.status === 'busy' && !this.#prompted) this.#turnBegan(found.statusUpdatedAt ?? 0)
    if (found.status === 'idle') this.#prompted = false
    this.#seen = found
    await this.#conversation.follow(found.sessionId)
    for (const signal of signals) {
      if (signal.type !== 'waiting' || !(this.#prompts.open || this.#questions.looksInto(found))) this.#signals.emit(signal)
    }
    this.#read()
    if (!this.#reconnecting && this.#reconnect.isDue(found.status)) this.#bringBackTools()
  }

  /** It says idle a moment before it knows the team's tools: a model that got mail then could not answer it. */
  #waitsForTools(found: SessionFile): boolean {
    const { tools } = this.#context
    const first = this.#seen === null || this.#seen.status === null
    return first && found.status === 'idle' && tools.heardAt() === null && this.#age() < toolsPatience
  }

  #bringBackTools(): void {
    this.#reconnecting = true
    this.#lane
      .run(async () => {
        this.#commanding = true
        await this.#reconnect.go()
      })
      .catch((error: unknown) => this.#note(`its connection to the team’s tools cannot be mended: ${reason(error)}`, 'mcp'))
      .finally(() => {
        this.#reconnecting = this.#commanding = false
        this.#again()
      })
  }

  #onRetry(at: number): void {
    if (this.#context.host.clock.now() - at > retryReach) return
    this.#questions.retried().catch((error: unknown) => this.#note(`its screen cannot be read: ${reason(error)}`, 'screen'))
  }

  #onHook(event: Record<string, unknown>): Record<string, unknown> {
    switch (event['hook_event_name']) {
      case 'UserPromptSubmit':
        this.#onPrompt(String(event['prompt'] ?? ''), event['prompt_id'])
        return {}
      case 'PermissionRequest':
        return this.#onPermission(event)
      case 'PostToolUse':
        this.#onTool(String(event['tool_name'] ?? 'a tool'))
        this.#prompts.made(callKey(event))
        return {}
      case 'PostToolUseFailure':
        this.#prompts.made(callKey(event))
        return {}
      case 'Stop':
        return this.#onStop(event)
      case 'StopFailure':
        this.#onFailure('hook', String(event['error'] ?? 'unknown'), String(event['last_assistant_message'] ?? ''), this.#context.host.clock.now())
        return {}
      case 'SubagentStart':
      case 'SubagentStop':
        this.#signals.emit({ type: 'subagent', id: String(event['agent_id'] ?? ''), running: event['hook_event_name'] === 'SubagentStart' })
        return {}
      case 'SessionStart':
      case 'SessionEnd':
        if (event['source'] === 'compact') this.#compacted += 1
        this.#note(`${String(event['hook_event_name'])}: ${String(event['source'] ?? event['reason'] ?? 'no reason given')}`, 'hook')
        return {}
      default:
        return {}
    }
  }

  /**
   * Text entered the conversation, with one exception: a prompt typed into a running turn is echoed when it is queued,
   * with the turn's id, and enters later; the transcript tells when.
   */
  #onPrompt(text: string, turn: unknown): void {
    const at = this.#context.host.clock.now()
    const joins = turn === undefined ? this.#seen?.status === 'busy' : turn === this.#turn
    this.#turn = turn
    if (!joins) this.#questions.turnBegan()
    if (!joins) this.#turnBegan(at)
    this.#prompted = true
    if (!joins) this.#signals.emit({ type: 'busy', evidence: { at, what: 'a prompt was taken', source: 'hook' } })
    for (const { parcel, rung } of this.#parcels.in(text)) {
      if (rung === 'paste' && joins) this.#echoes.tell(parcel.marker, { result: 'taken', what: 'queued behind the running turn' })
      else this.#conversation.prove(parcel.marker, 'hook', 'UserPromptSubmit echoed it', at)
    }
  }

  /** Its last words count where the turn does not go on. */
  #onStop(event: Record<string, unknown>): Record<string, unknown> {
    const answer = this.#turnEnd.answer(event['stop_hook_active'] === true)
    const text = event['last_assistant_message']
    if (Object.keys(answer).length === 0 && typeof text === 'string' && text !== '') this.#signals.emit({ type: 'said', text, at: this.#context.host.clock.now() })
    return answer
  }

  /** What was approved, and troupe's own tools, never ask, also where Claude's allow rules do not reach, as in plan mode. */
  #onPermission(event: Record<string, unknown>): Record<string, unknown> {
    const [tool, input] = [String(event['tool_name'] ?? 'a tool'), event['tool_input']]
    if (tool.startsWith(teamTools) || this.#approved.delete(callKey(event))) {
      return { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: { behavior: 'allow' } } }
    }
    this.#questions.permission(tool, input)
    return {}
  }

  /** Said of successes only. */
  #onTool(tool: string): void {
    if (!tool.startsWith(teamTools)) this.#signals.emit({ type: 'work', tool })
  }

  /** Hook and transcript both tell of it, and either may be late or not come at all: once for each turn. */
  #onFailure(source: 'hook' | 'transcript', error: string, text: string, at: number): void {
    if (this.#failed === `${error} ${text}` || (source === 'transcript' && at < this.#turnAt)) return
    this.#failed = `${error} ${text}`
    const failure = classify(error, text, at)
    const evidence = { at, what: `turn failed (${error}): ${text}`, source }
    this.#signals.emit(failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence })
  }

  #turnBegan(at: number): void {
    this.#turnAt = at
    this.#failed = null
  }

  #settle(signal: Signal): void {
    if (signal.type === 'idle') this.#questions.answered()
    this.#echoes.heard(signal)
  }

  #note(what: string, source: string): void {
    this.#signals.emit({ type: 'note', evidence: { at: this.#context.host.clock.now(), what, source } })
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
