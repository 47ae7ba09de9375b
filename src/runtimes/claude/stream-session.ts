import { aging } from '../../core/clock.ts'
import { markerOf } from '../../core/envelope.ts'
import type { Verdict } from '../../core/gate.ts'
import type { Attempt, Gate, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Rung } from '../../core/ladder.ts'
import { coalesce } from '../../util/in-turn.ts'
import { isRecord } from '../json.ts'
import { Asks } from '../lane/asks.ts'
import { Talk, type Protocol } from '../lane/talk.ts'
import { Parcels } from '../parcels.ts'
import { readPictures } from '../pictures.ts'
import { short } from '../short.ts'
import { callGate, callKey } from './call-gate.ts'
import { Conversation } from './conversation.ts'
import { claudeFiles, readLaunched } from './files.ts'
import { claudeHome } from './home.ts'
import { teamTools } from './settings.ts'
import { resultOf, retryText, userText } from './stream-events.ts'
import { toolCall } from './tool-call.ts'

/** Claude writes its transcript in batches, about 100 ms after the fact. ms */
const flushMs = 250
/** Claude gives a tool server as long to answer before it goes on without. ms */
const toolsPatience = 30_000
const toolsStepMs = 50
/** An interrupt is answered within 25 ms. ms */
const interruptMs = 10_000

type Event = Record<string, unknown>

/** Claude over stream-json: what it says on its standard output, and the same hooks and transcript as at a terminal. */
export class StreamSession implements Session, Protocol {
  readonly #context: SessionContext
  readonly #talk: Talk
  readonly #asks: Asks
  readonly #parcels = new Parcels()
  readonly #conversation: Conversation
  readonly #read: () => void
  readonly #holdMs: number
  readonly #age: () => number
  /** Calls that a person has just approved: Claude's own ask rules hold for them too. */
  readonly #approved = new Set<string>()
  readonly #overs = new Set<() => void>()
  #greeted = false
  #ready = false
  #busy = false
  #id: string | null
  #n = 0
  #closed = false

  constructor(context: SessionContext) {
    this.#context = context
    const launched = readLaunched(claudeFiles(context.folder))
    this.#holdMs = launched?.holdMs ?? 0
    this.#id = context.session ?? launched?.session ?? null
    this.#age = aging(context.host.clock, context.startedAt)
    this.#asks = new Asks((gate, signal) => context.judge(gate, signal))
    this.#talk = new Talk(context, this)
    const home = claudeHome(context.host.home, launched?.configDir ?? null)
    // Retries and failures are in the stream.
    const parts = { home, parcels: this.#parcels, signals: this.#talk.signals, startedAt: context.startedAt, retried: () => undefined, failed: () => undefined }
    this.#conversation = new Conversation(parts, this.#id)
    this.#read = coalesce(
      () => this.#conversation.read(),
      (error) => this.#note(`its transcript cannot be read: ${error instanceof Error ? error.message : String(error)}`, context.host.clock.now()),
    )
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#talk.signals.subscribe(listener)
  }

  /** What tells of the state is in the stream; hooks tell of tools. */
  hook(event: Event): Promise<Event> {
    const { hook_event_name: name, tool_name: tool, agent_id: agent } = event
    if (name === 'PostToolUse' && !String(tool).startsWith(teamTools)) this.#talk.emit({ type: 'work', tool: String(tool) })
    if (name === 'SubagentStart' || name === 'SubagentStop') this.#talk.emit({ type: 'subagent', id: String(agent ?? ''), running: name === 'SubagentStart' })
    this.#readSoon()
    return Promise.resolve({})
  }

  gate(event: Event): Gate | null {
    return callGate(event, this.#holdMs, this.#approved)
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (rung !== 'push') return { result: 'refused', why: `over its protocol there is no ${rung}` }
    if (!this.#ready) return { result: 'refused', why: 'it has not greeted yet' }
    this.#parcels.add(parcel, rung)
    const written = await this.#talk.write(userMessage(await contentOf(parcel)))
    return written ? { result: 'taken', what: 'written to its standard input' } : { result: 'refused', why: 'its lane does not answer' }
  }

  /** Resolves once the turn is over; at once where none runs. */
  async interrupt(): Promise<void> {
    if (!this.#busy) return
    const over = new Promise<void>((resolve) => {
      const cancel = this.#context.host.clock.after(interruptMs, () => resolve())
      this.#overs.add(() => (cancel(), resolve()))
    })
    await this.#control({ subtype: 'interrupt' })
    await over
  }

  /** Its input is closed and SIGTERM passed on by the lane. */
  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#closed = true
    this.#asks.close()
    this.#talk.close()
    this.#turnOver()
  }

  hear(event: Event, way: 'in' | 'out', at: number): void {
    if (way === 'in') return this.#wrote(event)
    switch (event['type']) {
      case 'control_response':
        return this.#answered(event)
      case 'control_request':
        return this.#asked(event, at)
      case 'control_cancel_request':
        return this.#asks.shut(String(event['request_id']))
      case 'system':
        return this.#system(event, at)
      case 'user':
        return this.#entered(event, at)
      case 'assistant':
        return this.#began(at, 'the model answers')
      case 'result':
        return this.#over(event, at)
    }
  }

  live(): void {
    this.#asks.live()
    if (!this.#greeted) this.#talk.later(this.#control({ subtype: 'initialize' }))
    this.#readSoon()
  }

  typed(text: string, tag: string): void {
    void this.#talk.write(userMessage(text), tag)
  }

  interrupted(): void {
    this.#talk.later(this.interrupt())
  }

  snapshot(): unknown {
    return this.#ready && !this.#busy && this.#asks.size === 0 ? { session: this.#id } : null
  }

  restore(state: unknown): void {
    const at = this.#context.host.clock.now()
    this.#greeted = true
    if (isRecord(state) && typeof state['session'] === 'string') this.#follow(state['session'], at)
    this.#isReady(at)
  }

  /** Its last calls are told before it is gone, where its transcript is there in time. */
  ended(): void {
    this.#turnOver()
    this.#read()
  }

  #wrote(event: Event): void {
    if (event['type'] === 'control_response' && isRecord(event['response'])) this.#asks.shut(String(event['response']['request_id']))
  }

  /** To `initialize`: it takes messages now. The first of them must find the team's tools. */
  #answered(event: Event): void {
    const response = isRecord(event['response']) ? event['response'] : {}
    if (this.#greeted || !String(response['request_id']).startsWith('initialize')) return
    this.#greeted = true
    const { clock } = this.#context.host
    const wait = (): void => {
      if (this.#closed || this.#ready) return
      if (this.#context.tools.heardAt() === null && this.#age() < toolsPatience) return void clock.after(toolsStepMs, wait)
      if (this.#id !== null) this.#follow(this.#id, clock.now(), true)
      this.#isReady(clock.now())
    }
    wait()
  }

  #isReady(at: number): void {
    if (this.#ready) return
    this.#ready = true
    this.#tell({ type: 'ready' }, 'it takes messages', at)
    if (!this.#busy) this.#tell({ type: 'idle' }, 'it takes messages', at)
  }

  #asked(event: Event, at: number): void {
    const request = isRecord(event['request']) ? event['request'] : {}
    const id = String(event['request_id'])
    if (request['subtype'] !== 'can_use_tool') return this.#unknown(id, String(request['subtype']), at)
    const asked = { ...request, tool_input: request['input'], cwd: this.#context.agent.cwd }
    const call = toolCall(asked)
    const input = isRecord(request['input']) ? request['input'] : {}
    const answer = (verdict: Verdict): void => {
      const allowed = verdict.do === 'allow'
      const why = verdict.do === 'allow' || verdict.do === 'pass' ? 'nobody allowed it' : verdict.why
      const response = allowed ? { behavior: 'allow', updatedInput: input } : { behavior: 'deny', message: why }
      void this.#talk.write({ type: 'control_response', response: { subtype: 'success', request_id: id, response } })
      this.#tell({ type: 'busy' }, `its question was answered: ${allowed ? 'yes' : 'no'}`, this.#context.host.clock.now())
    }
    if (call === null) return this.#asks.open(id, null, () => answer({ do: 'deny', why: 'nobody can say yes to this here' }))
    if (call.kind === 'team' || this.#approved.delete(callKey(asked))) {
      return this.#asks.open(id, null, () => answer({ do: 'allow', why: 'the team’s own tool, or approved already' }))
    }
    this.#tell({ type: 'waiting', what: `permission: ${short(call.command ?? call.tool)}`, fix: 'troupe approvals' }, `it asks before ${short(call.tool)}`, at)
    this.#asks.open(id, { stage: 'prompt', call, patienceMs: Infinity }, answer)
  }

  /** Its turn would wait for an answer for good. */
  #unknown(id: string, what: string, at: number): void {
    this.#note(`it asks for ${short(what)}, which is not offered here`, at)
    this.#asks.open(id, null, () => void this.#talk.write({ type: 'control_response', response: { subtype: 'error', request_id: id, error: `${what} is not offered` } }))
  }

  #system(event: Event, at: number): void {
    if (event['subtype'] === 'api_retry') return this.#note(retryText(event), at)
    if (event['subtype'] !== 'init') return
    if (typeof event['session_id'] === 'string') this.#follow(event['session_id'], at)
    this.#began(at, 'a turn began')
  }

  /** An echo of what entered the conversation, or the answer of a tool. */
  #entered(event: Event, at: number): void {
    const text = userText(event)
    this.#readSoon()
    if (text === null || event['isReplay'] !== true) return
    this.#began(at, 'a message was taken')
    const ours = this.#parcels.in(text).map(({ parcel }) => parcel.marker)
    const first = markerOf(text)
    for (const marker of new Set(first === null ? ours : [...ours, first])) this.#talk.emit({ type: 'proof', marker, proof: 'protocol', evidence: { at, what: 'it echoed the message', source: 'protocol' } })
  }

  #over(event: Event, at: number): void {
    const { ok, text, failure, error } = resultOf(event, at)
    this.#asks.shutAll()
    if (ok && text !== '') this.#talk.emit({ type: 'said', text, at })
    if (failure !== null) this.#tell({ type: 'failure', ...failure }, `turn failed (${error}): ${text}`, at)
    else if (error !== null) this.#note(`turn failed (${error}): ${text}`, at)
    this.#busy = false
    this.#tell({ type: 'idle' }, 'the turn is over', at)
    this.#readSoon()
    this.#turnOver()
  }

  #began(at: number, what: string): void {
    if (this.#busy) return
    this.#busy = true
    this.#tell({ type: 'busy' }, what, at)
  }

  #follow(id: string, at: number, again = false): void {
    if (id === this.#id && !again) return
    this.#id = id
    this.#talk.emit({ type: 'session', id, evidence: { at, what: `conversation ${id}`, source: 'protocol' } })
    this.#talk.later(this.#conversation.follow(id).then(() => this.#read()))
  }

  async #control(request: Event): Promise<void> {
    await this.#talk.write({ type: 'control_request', request_id: `${String(request['subtype'])}-${process.pid}-${++this.#n}`, request })
  }

  #turnOver(): void {
    for (const over of this.#overs) over()
    this.#overs.clear()
  }

  #readSoon(): void {
    this.#context.host.clock.after(flushMs, () => this.#closed || this.#read())
  }

  #note(what: string, at: number): void {
    this.#tell({ type: 'note' }, what, at)
  }

  #tell(signal: { type: 'ready' | 'idle' | 'busy' | 'note' } | Omit<Extract<Signal, { type: 'waiting' }>, 'evidence'> | Omit<Extract<Signal, { type: 'failure' }>, 'evidence'>, what: string, at: number): void {
    this.#talk.emit({ ...signal, evidence: { at, what, source: 'protocol' } } as Signal)
  }
}

function userMessage(content: string | Event[]): Event {
  return { type: 'user', message: { role: 'user', content }, parent_tool_use_id: null }
}

/** Its words, then its pictures. */
async function contentOf(parcel: Parcel): Promise<string | Event[]> {
  const pictures = await readPictures(parcel)
  if (pictures.length === 0) return parcel.text
  const blocks = pictures.flatMap(({ label, mime, base64 }): Event[] => [{ type: 'text', text: label }, { type: 'image', source: { type: 'base64', media_type: mime, data: base64 } }])
  return [{ type: 'text', text: parcel.text }, ...blocks]
}
