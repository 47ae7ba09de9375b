import type { Socket } from 'node:net'
import { LineReader, longestLine, mismatch, understand, type ClientHello, type HeldValues, type ServerHello } from '../api/wire.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError, toShape, type ErrorShape } from '../core/error.ts'
import type { Caller, Daemon } from '../daemon/daemon.ts'
import type { KeeperSeat } from './keeper-seat.ts'
import { Outgoing } from './outgoing.ts'
import { Proof } from './proof.ts'

/** ms, counts, bytes. A connection that says nothing, asks too much at once or does not read is closed. */
export const socketLimits = { helloMs: 10_000, stallMs: 30_000, queuedBytes: 64 * 1024 * 1024, requests: 1024 }

export interface ConnectionContext {
  daemon: Daemon
  hello: ServerHello
  seat: KeeperSeat
  clock: Clock
  limits: typeof socketLimits
  /** Where clients make the file that proves which process they are; null where nobody could see that they hold it. */
  proofs: string | null
  /** An error that is a defect of ours: the client gets a sentence, the log gets the rest. */
  report(error: unknown): void
}

type State =
  | { name: 'greeting'; stopTimer: () => void }
  /** `checked` is null until the client was asked who it is: at its proof, or at its first request without one. */
  | { name: 'open'; client: ClientHello; checked: Promise<void> | null }
  | { name: 'closed' }

const howToTalk = 'one JSON object a line: a hello with the protocol version, then requests with an id'
const operator: Caller = { kind: 'operator', via: 'socket' }

/** One client of the operator socket, from its hello to its end. Whatever it asked for is aborted when it goes. */
export class Connection {
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #out: Outgoing
  readonly #lines = new LineReader(longestLine)
  readonly #requests = new Map<number, AbortController>()
  readonly #proof: Proof | null
  #calls = 0
  #state: State

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket
    this.#context = context
    this.#proof = context.proofs === null ? null : new Proof(context.proofs)
    this.#out = new Outgoing(socket, context.clock, context.limits)
    this.#state = { name: 'greeting', stopTimer: context.clock.after(context.limits.helloMs, () => socket.destroy()) }
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => socket.destroy()) // the other side is gone: nobody is left to tell
    socket.on('close', () => this.#closed())
  }

  /** True while an answer is owed; a stream of events owes none. */
  get busy(): boolean {
    return this.#calls > 0
  }

  end(): void {
    this.#socket.end()
  }

  #read(chunk: Buffer): void {
    if (this.#state.name === 'closed') return
    try {
      for (const line of this.#lines.push(chunk)) this.#take(line)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #take(line: unknown): void {
    if (this.#state.name === 'closed') return
    if (!isRecord(line)) throw new TroupeError('usage', 'a line must be a JSON object', { hint: howToTalk })
    if (this.#state.name === 'greeting') return this.#greet(line['hello'], this.#state.stopTimer)
    const proof = isRecord(line['proof']) ? line['proof'] : null
    if (this.#state.checked === null) this.#state.checked = this.#check(this.#state.client, proof)
    if (proof !== null) return
    if ('keeper' in line) return this.#seatKeeper(line['keeper'], this.#state.client, this.#state.checked)
    const id = line['id']
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw new TroupeError('usage', 'a request needs an integer id', { hint: howToTalk })
    if (line['cancel'] === true) return this.#requests.get(id)?.abort()
    this.#start(id, line)
  }

  #greet(hello: unknown, stopTimer: () => void): void {
    if (!isRecord(hello)) throw new TroupeError('usage', 'the first line must be a hello', { hint: howToTalk })
    const client = clientOf(hello)
    this.#proof?.greeted(client.pid)
    this.#out.send({ hello: this.#proof === null ? this.#context.hello : { ...this.#context.hello, challenge: this.#proof.challenge } })
    if (!understand(client, this.#context.hello)) throw mismatch(client, this.#context.hello)
    stopTimer()
    this.#state = { name: 'open', client, checked: null }
  }

  /** 0.1.0 names no oldest protocol, and knows of no proof: it is taken at its word. */
  #check({ pid, oldest }: ClientHello, shown: Record<string, unknown> | null): Promise<void> {
    const fd = typeof shown?.['fd'] === 'number' ? shown['fd'] : null
    const unproved = async (): Promise<string | null> => {
      if (this.#proof === null || (oldest === undefined && shown === null)) return null
      return await this.#proof.fault(shown === null ? Number.NaN : fd).finally(() => this.#proof?.leave())
    }
    const checked = unproved().then(async (why) => await this.#context.daemon.checkOperator(pid, why))
    checked.catch(() => undefined) // said to each request
    return checked
  }

  #seatKeeper(keeper: unknown, client: ClientHello, checked: Promise<void>): void {
    checked.then(() => this.#seat(keeper, client)).catch((error: unknown) => this.#refuse(error))
  }

  #seat(keeper: unknown, { pid, version }: ClientHello): void {
    if (this.#state.name === 'closed') return
    const leave = this.#context.seat.take({ pid, version, send: (line) => this.#out.send(line) }, readValues(keeper), isRecord(keeper) && keeper['instead'] === true)
    this.#socket.on('close', leave)
  }

  #start(id: number, line: Record<string, unknown>): void {
    if (this.#requests.has(id)) throw new TroupeError('usage', `request ${id} is still running`, { hint: 'give each request an id of its own' })
    if (this.#requests.size >= this.#context.limits.requests) {
      return this.#fail(id, new TroupeError('throttled', `${this.#requests.size} requests are running on this connection`, {
        hint: 'wait for some of them to end',
      }))
    }
    const abort = new AbortController()
    this.#requests.set(id, abort)
    void this.#answer(id, line, abort.signal)
      .then((ok) => this.#out.send({ id, ok }))
      .catch((error: unknown) => this.#fail(id, error)) // also of an answer that cannot be written as a line
      .finally(() => this.#requests.delete(id))
  }

  async #answer(id: number, line: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    if (this.#state.name === 'open') await this.#state.checked
    if (typeof line['call'] === 'string') return this.#call(line['call'], line['input'] ?? {}, signal)
    const cursor = line['events']
    if (cursor !== null && typeof cursor !== 'string') {
      throw new TroupeError('usage', 'a request needs `call` or `events`', { hint: howToTalk })
    }
    for await (const item of this.#context.daemon.events(cursor, signal)) {
      this.#out.send({ id, item })
      await this.#out.drained()
    }
    return null
  }

  async #call(name: string, input: unknown, signal: AbortSignal): Promise<unknown> {
    this.#calls += 1
    try {
      return (await this.#context.daemon.call(operator, name, input, signal)) ?? null
    } finally {
      this.#calls -= 1
    }
  }

  #fail(id: number, error: unknown): void {
    this.#out.send({ id, error: this.#shape(error) })
  }

  #refuse(error: unknown): void {
    this.#out.end({ error: this.#shape(error) })
    this.#closed()
  }

  #shape(error: unknown): ErrorShape {
    if (!(error instanceof TroupeError) || error.code === 'internal') this.#context.report(error)
    return toShape(error)
  }

  #closed(): void {
    if (this.#state.name === 'greeting') this.#state.stopTimer()
    this.#proof?.leave()
    this.#state = { name: 'closed' }
    for (const abort of this.#requests.values()) abort.abort()
  }
}

/** A hello can say anything; what is no number fits nothing. */
function clientOf(hello: Record<string, unknown>): ClientHello {
  const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
  const { protocol, oldest, version, pid } = hello
  return {
    protocol: number(protocol),
    ...(oldest === undefined ? {} : { oldest: number(oldest) }),
    version: typeof version === 'string' ? version : '?',
    pid: typeof pid === 'number' ? pid : 0,
  }
}

function readValues(keeper: unknown): HeldValues | null {
  const values = isRecord(keeper) ? keeper['values'] : null
  if (!isRecord(values) || typeof values['at'] !== 'number' || !isRecord(values['env'])) return null
  const env = Object.entries(values['env']).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { at: values['at'], env: Object.fromEntries(env) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
