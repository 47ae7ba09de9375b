import type { HeldValues } from '../api/wire.ts'
import type { TroupeError } from '../core/error.ts'
import type { Post } from '../core/gateway.ts'
import type { OperationName, Output, Parsed, StreamItem } from '../api/index.ts'

/** Who is calling. It comes from the connection, never from an argument. */
export type Caller =
  | { kind: 'operator'; via: 'socket' | 'http' }
  /** A person whom a gateway vouches for: `telegram:42 (Ann)`. */
  | { kind: 'operator'; via: 'chat'; who: string }
  | { kind: 'agent'; address: string; incarnation: string }

/** What a request of an agent is about; each has its own rate. */
export type Door = 'call' | 'hook'

/** One running daemon, as the server sees it. */
export interface Daemon {
  readonly root: string
  /** Parses the input, checks the caller, runs the handler. Throws TroupeError. */
  call(caller: Caller, name: string, input: unknown, signal: AbortSignal): Promise<unknown>
  /** Bearer token → caller, or null. Tokens of ended incarnations are null. */
  identify(token: string): Promise<Caller | null>
  /**
   * Before what a client of the operator socket asks for, by the process that it names, and why it is not proved to be that one (null
   * where it is). Throws `denied` for an agent's, and for one that is not proved.
   */
  checkOperator(pid: number, unproved: string | null): Promise<void>
  /** Whether this agent is offered the tools that are `for` these only. */
  offers(caller: Caller & { kind: 'agent' }, to: 'lead' | 'worker'): boolean
  /** Counts requests of an agent before anything else looks at them. Throws `throttled`; operators always pass. */
  admit(caller: Caller, door: Door, requests: number): void
  /** The journal from a cursor on (null: from now), live. Ends with the signal. */
  events(cursor: string | null, signal: AbortSignal): AsyncIterable<StreamItem>
  /** An agent's CLI asked the team's tools for something; with `until`, it listens there until that aborts. */
  heard(caller: Caller & { kind: 'agent' }, until: AbortSignal | null): void
  /**
   * A hook of an agent's CLI. `patient`: a tool call that may wait for a person; any other is answered within a second.
   * The signal aborts when the CLI is gone.
   */
  hook(caller: Caller & { kind: 'agent' }, event: Record<string, unknown>, signal: AbortSignal): HookAnswer
  /** What came in for an interface of this name; its gateway checks the signature. Throws `unauthorised`. */
  post(name: string, post: Post): Promise<void>
  /** The scripted model, where the team rehearses; 404 otherwise. */
  model(caller: Caller & { kind: 'agent' }, request: Request): Promise<Response>
  /** Told by the server once it listens, before `start()`. */
  listening(front: Front): void
  /** Runs the loops. Adopts what runs. */
  start(): Promise<void>
  /** Graceful: agents go on. Idempotent. */
  stop(): Promise<void>
  /** Resolves when the daemon wants to go (down, stop, idle without agents): with why, where it cannot go on. */
  readonly finished: Promise<TroupeError | null>
}

export interface HookAnswer {
  patient: boolean
  answer: Promise<Record<string, unknown>>
}

/** What the server gives to the daemon once it listens. */
export interface Front {
  /** `http://127.0.0.1:<port>`, the same after a restart. */
  url: string
  /**
   * Each agent's own Unix socket, with the same routes as the URL. Opened before a launch (or at an adoption)
   * and closed when the incarnation ends; both idempotent. `open` resolves to the socket's path.
   */
  endpoints: { open(incarnation: string): Promise<string>; close(incarnation: string): Promise<void> }
  held: Held
  /** Process id of the keeper, null while there is none. */
  keeper(): number | null
}

/** The environment values of the last `up`. In memory only: the keeper holds them over a crash of the daemon. */
export interface Held {
  /** Null before the first `up`. */
  readonly values: HeldValues | null
  /** Ignored if older than what is held. */
  put(values: HeldValues): void
  /** What a person brought just now counts, also where the clock was set back since the last time. */
  renew(env: Record<string, string>, now: number): void
  subscribe(listener: (values: HeldValues) => void): () => void
}

export interface Call {
  caller: Caller
  signal: AbortSignal
}

export type Handler<K extends OperationName> = (input: Parsed<K>, call: Call) => Promise<Output<K>>
export type Handlers = { [K in OperationName]: Handler<K> }
