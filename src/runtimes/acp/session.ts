import { TroupeError } from '../../core/error.ts'
import type { Verdict } from '../../core/gate.ts'
import type { Attempt, Parcel, Session, SessionContext, Signal } from '../../core/runtime.ts'
import type { Rung } from '../../core/ladder.ts'
import { isRecord } from '../json.ts'
import { Asks } from '../lane/asks.ts'
import { Talk, type Protocol } from '../lane/talk.ts'
import { readPictures } from '../pictures.ts'
import { short } from '../short.ts'
import { toolCallOf } from './calls.ts'
import { failureOf } from './failure.ts'
import { readLaunched } from './files.ts'
import { Greeting, greetingMethods } from './greeting.ts'
import { message, outcomeOf, permission, toolCall, turn, update, type Message, type Permission } from './messages.ts'
import { usageOf } from './usage.ts'

type Fields = Record<string, unknown>

/** A request of ours that was not answered yet. `marker`: of the message that it carries. */
interface Request {
  method: string
  marker: string | null
}

const cancelMs = 10_000
/** Before an agent that gave no conversation, for a reason that may pass, is asked again. ms */
const againMs = 5_000

/** One agent over ACP. Everything that it knows is in the lane's record, so that any daemon can go on with it. */
export class AcpSession implements Session, Protocol {
  readonly #context: SessionContext
  readonly #talk: Talk
  readonly #asks: Asks
  readonly #greeting: Greeting
  readonly #requests = new Map<string, Request>()
  readonly #questions = new Map<string, string | number>()
  readonly #tools = new Map<string, string>()
  /** What a person typed in the middle of a turn. */
  readonly #later: { text: string; tag: string }[] = []
  readonly #overs = new Set<() => void>()
  #ready = false
  #briefed = false
  #cancelled = false
  #said = ''
  #n = 0

  constructor(context: SessionContext) {
    this.#context = context
    this.#greeting = new Greeting(context)
    this.#asks = new Asks(async (gate, signal) => {
      // First what the team's rules say of the call; what they leave to the agent's own mode is asked of a person, as the agent wants.
      const verdict = await context.judge({ ...gate, stage: 'call' }, signal)
      return verdict.do === 'pass' || verdict.do === 'ask' ? await context.judge(gate, signal) : verdict
    })
    this.#talk = new Talk(context, this)
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#talk.signals.subscribe(listener)
  }

  hook(): Promise<Fields> {
    return Promise.resolve({})
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (rung !== 'push') return { result: 'refused', why: `over its protocol there is no ${rung}` }
    if (!this.#ready) return { result: 'refused', why: 'it has no session yet' }
    const blocks = await this.#blocksOf(parcel)
    if (this.#busy) return { result: 'refused', why: 'it is at work, and another prompt could end its turn' }
    const written = await this.#prompt(blocks, parcel.marker)
    return written ? { result: 'taken', what: 'given as a prompt' } : { result: 'refused', why: 'its lane does not answer' }
  }

  /** Resolves once the turn is over. */
  async interrupt(): Promise<void> {
    if (!this.#busy) return
    const over = new Promise<void>((resolve) => {
      const cancel = this.#context.host.clock.after(cancelMs, () => resolve())
      this.#overs.add(() => (cancel(), resolve()))
    })
    await this.#cancel()
    await over
  }

  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#asks.close()
    this.#talk.close()
    this.#turnOver()
  }

  hear(raw: Fields, way: 'in' | 'out', at: number): void {
    const read = message.safeParse(raw)
    if (!read.success) return
    const { id, method, params = {} } = read.data
    if (way === 'in') return this.#wrote(read.data, at)
    if (method === undefined) return this.#answered(String(id), read.data, at)
    if (method === 'session/update') return this.#updated(params['update'], at)
    if (method === 'session/request_permission' && id !== undefined) return this.#asked(id, params, at)
    if (id !== undefined) this.#unknown(id, method, at)
  }

  live(): void {
    this.#asks.live()
    this.#talk.later(this.#begin())
  }

  typed(text: string, tag: string): void {
    if (this.#ready && !this.#busy) this.#talk.later(this.#prompt([words(text)], null, tag))
    else this.#later.push({ text, tag })
  }

  interrupted(): void {
    this.#talk.later(this.interrupt())
  }

  snapshot(): unknown {
    const { id, model, seesPictures } = this.#greeting
    return this.#ready && this.#requests.size === 0 && this.#asks.size === 0 ? { session: id, briefed: this.#briefed, model, seesPictures } : null
  }

  restore(state: unknown): void {
    if (!isRecord(state) || typeof state['session'] !== 'string') return
    this.#greeting.restore({ session: state['session'], model: state['model'], seesPictures: state['seesPictures'] })
    this.#briefed = state['briefed'] === true
    this.#isReady(this.#context.host.clock.now())
  }

  ended(): void {
    this.#turnOver()
  }

  get #busy(): boolean {
    return [...this.#requests.values()].some(({ method }) => method === 'session/prompt')
  }

  /** The next step of the greeting that nobody has taken yet. */
  async #begin(): Promise<void> {
    const next = this.#ready || this.#requests.size > 0 ? null : this.#greeting.next()
    if (next !== null) await this.#call(next.method, next.params)
  }

  #wrote({ id, method, params = {} }: Message, at: number): void {
    if (method === undefined) {
      if (id !== undefined) this.#asks.shut(String(id))
      return
    }
    if (id === undefined) {
      if (method === 'session/cancel') this.#cancelled = true
      return
    }
    const marker = isRecord(params['_meta']) ? params['_meta']['marker'] : null
    this.#requests.set(String(id), { method, marker: typeof marker === 'string' ? marker : null })
    if (method !== 'session/prompt') return
    this.#briefed = true
    this.#cancelled = false
    this.#said = ''
    this.#tell({ type: 'busy' }, 'it was given a prompt', at)
  }

  #answered(id: string, answer: Message, at: number): void {
    const request = this.#requests.get(id)
    this.#requests.delete(id)
    if (request?.method === 'session/prompt') return this.#over(id, request, answer, at)
    if (request !== undefined && greetingMethods.includes(request.method)) this.#greeted(request.method, answer, at)
  }

  #greeted(method: string, answer: Message, at: number): void {
    const step = this.#greeting.answered(method, answer)
    if (step.is === 'note') this.#tell({ type: 'note' }, step.what, at)
    if (step.is === 'refused') this.#tell({ type: 'failure', ...step.failure }, `it gave no conversation: ${step.failure.why}`, at)
    if (step.is === 'conversation') {
      this.#briefed = step.resumed
      this.#talk.emit({ type: 'session', id: step.id, evidence: { at, what: `conversation ${step.id}`, source: 'protocol' } })
    }
    if (this.#greeting.done) return this.#isReady(at)
    const goOn = (): void => (this.#talk.isLive ? this.#talk.later(this.#begin()) : undefined)
    if (step.is === 'refused') this.#context.host.clock.after(againMs, goOn)
    else goOn()
  }

  #isReady(at: number): void {
    this.#ready = true
    this.#tell({ type: 'ready' }, 'its session is open', at)
    this.#tell({ type: 'idle' }, 'its session is open', at)
  }

  #updated(raw: unknown, at: number): void {
    const read = update.safeParse(raw)
    // What a loaded session replays is none of this incarnation's doing.
    if (!read.success || !this.#busy) return
    const { sessionUpdate: kind, content } = read.data
    const chunk = isRecord(content) && typeof content['text'] === 'string' ? content['text'] : ''
    if (['agent_message_chunk', 'agent_thought_chunk', 'tool_call', 'plan', 'user_message_chunk'].includes(kind)) this.#prove(at)
    if (kind === 'agent_message_chunk') this.#said += chunk
    if (kind === 'tool_call' || kind === 'tool_call_update') this.#used(raw)
  }

  #used(raw: unknown): void {
    const read = toolCall.safeParse(raw)
    if (!read.success) return
    const { toolCallId, title, status } = read.data
    if (title !== undefined && title !== null) this.#tools.set(toolCallId, title)
    const call = toolCallOf({ ...read.data, title: this.#tools.get(toolCallId) ?? null }, this.#context.agent.cwd)
    if (status === 'completed' && call.kind !== 'team') this.#talk.emit({ type: 'work', tool: this.#tools.get(toolCallId) ?? call.tool })
    if (status === 'completed' || status === 'failed') this.#tools.delete(toolCallId)
  }

  /** The agent answers to a prompt, so that the prompt is in its conversation. */
  #prove(at: number): void {
    for (const request of this.#requests.values()) {
      if (request.marker === null) continue
      this.#talk.emit({ type: 'proof', marker: request.marker, proof: 'protocol', evidence: { at, what: 'it answers to the prompt', source: 'protocol' } })
      request.marker = null
    }
  }

  #asked(id: string | number, params: Fields, at: number): void {
    const read = permission.safeParse(params)
    if (!read.success) return this.#unknown(id, 'a permission in a form that is not known', at)
    // It came so far by the prompt.
    this.#prove(at)
    const call = toolCallOf({ ...read.data.toolCall, title: read.data.toolCall.title ?? this.#tools.get(read.data.toolCall.toolCallId) }, this.#context.agent.cwd)
    this.#questions.set(String(id), id)
    if (call.kind !== 'team') this.#tell({ type: 'waiting', what: `permission: ${short(call.command ?? read.data.toolCall.title ?? call.tool)}`, fix: 'troupe approvals' }, `it asks before ${short(call.tool)}`, at)
    this.#asks.open(String(id), call.kind === 'team' ? null : { stage: 'prompt', call, patienceMs: Infinity }, (verdict) => this.#answer(id, read.data, call.kind === 'team' ? { do: 'allow', why: '' } : verdict))
  }

  /** Neither files nor terminals are offered: who asks all the same must not wait for ever. */
  #unknown(id: string | number, what: string, at: number): void {
    this.#tell({ type: 'note' }, `it asks for ${short(what)}, which is not offered here`, at)
    this.#asks.open(String(id), null, () => void this.#talk.write({ jsonrpc: '2.0', id, error: { code: -32_601, message: `${what} is not offered` } }))
  }

  #answer(id: string | number, asked: Permission, verdict: Verdict): void {
    const allowed = verdict.do === 'allow'
    void this.#talk.write({ jsonrpc: '2.0', id, result: outcomeOf(asked, allowed) })
    this.#tell({ type: 'busy' }, `its question was answered: ${allowed ? 'yes' : 'no'}`, this.#context.host.clock.now())
  }

  #over(id: string, request: Request, { result, error }: Message, at: number): void {
    const ended = turn.safeParse(result)
    if (error === undefined && request.marker !== null) {
      this.#requests.set('over', request)
      this.#prove(at)
      this.#requests.delete('over')
    }
    this.#asks.shutAll()
    for (const each of usageOf(result, nameOf(this.#greeting.model))) this.#talk.emit({ type: 'usage', usage: { key: `${this.#greeting.id} ${id} ${at} ${each.model}`, at, ...each } })
    // Some answer to a cancelled prompt with an error.
    if (error !== undefined && !this.#cancelled) this.#failed(error, at)
    else if (ended.success && ended.data.stopReason === 'end_turn' && this.#said !== '') this.#talk.emit({ type: 'said', text: this.#said, at })
    this.#tell({ type: 'idle' }, ended.success ? `the turn is over (${ended.data.stopReason})` : 'the turn is over', at)
    this.#turnOver()
    const next = this.#talk.isLive ? this.#later.shift() : undefined
    if (next !== undefined) this.typed(next.text, next.tag)
  }

  #failed(error: NonNullable<Message['error']>, at: number): void {
    const failure = failureOf(error, this.#greeting.methods)
    this.#tell({ type: 'failure', ...failure }, `turn failed: ${failure.why}`, at)
  }

  /** What it is and whom it works with comes before the first words of a conversation: the protocol has no other place. */
  async #prompt(blocks: Fields[], marker: string | null, tag?: string): Promise<boolean> {
    const prompt = this.#briefed ? blocks : [words(readLaunched(this.#context.folder).briefing), ...blocks]
    return await this.#call('session/prompt', { sessionId: this.#greeting.id, prompt, ...(marker === null ? {} : { _meta: { marker } }) }, tag)
  }

  /** Its words, then its pictures where the agent takes them. */
  async #blocksOf(parcel: Parcel): Promise<Fields[]> {
    const pictures = this.#greeting.seesPictures ? await readPictures(parcel) : []
    return [words(parcel.text), ...pictures.flatMap(({ label, mime, base64 }) => [words(label), { type: 'image', mimeType: mime, data: base64 }])]
  }

  async #cancel(): Promise<void> {
    for (const id of this.#questions.values()) if (this.#asks.has(String(id))) await this.#talk.write({ jsonrpc: '2.0', id, result: { outcome: { outcome: 'cancelled' } } })
    await this.#talk.write({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: this.#greeting.id } })
  }

  async #call(method: string, params: Fields, tag?: string): Promise<boolean> {
    if (method === 'session/prompt' && this.#greeting.id === null) throw new TroupeError('internal', 'there is no session to prompt')
    return await this.#talk.write({ jsonrpc: '2.0', id: `troupe-${process.pid}-${++this.#n}`, method, params }, tag, ['TROUPE_MCP_URL', 'TROUPE_AGENT_TOKEN'].filter(() => method === 'session/new' || method === 'session/load'))
  }

  #turnOver(): void {
    for (const over of this.#overs) over()
    this.#overs.clear()
    this.#questions.clear()
  }

  #tell(signal: { type: 'ready' | 'idle' | 'busy' | 'note' } | Omit<Extract<Signal, { type: 'waiting' }>, 'evidence'> | Omit<Extract<Signal, { type: 'failure' }>, 'evidence'>, what: string, at: number): void {
    this.#talk.emit({ ...signal, evidence: { at, what, source: 'protocol' } } as Signal)
  }
}

function words(text: string): Fields {
  return { type: 'text', text }
}

/** Prices go by the model's own name: what stands before it is the provider. */
function nameOf(model: string | null): string {
  return model === null ? 'unknown' : model.slice(model.lastIndexOf('/') + 1)
}
