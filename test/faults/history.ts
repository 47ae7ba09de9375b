/**
 * What the clients of one run saw. A tick is a place in the one order of everything that this process did and saw;
 * `life` counts the kills of the daemon so far, so that two moments of the same life met the same daemon.
 */
export interface Moment {
  tick: number
  life: number
}

/** `refused`: the daemon said no, so that nothing may be there. `unknown`: the connection died, it may be there or not. */
export type Outcome<T> = { kind: 'ok'; value: T } | { kind: 'refused'; why: string } | { kind: 'unknown' }

export interface Try {
  begun: Moment
  ended: Moment
  outcome: Outcome<Receipt>
}

/** `id` where the client was told one: agents know numbers only. */
export interface Receipt {
  n: number
  id: string | null
}

/** One message under its own key, tried until it was acknowledged. Its text is like no other's. */
export interface Send {
  from: string
  key: string
  /** As the store shows it: an agent's address or a channel's. */
  to: string
  recipients: string[]
  text: string
  tries: Try[]
}

/** A message as an agent saw it, whole. */
export interface Copy {
  n: number
  from: string
  text: string
  /** Everything else that was shown, as text. */
  rest: string
}

/** One request of a reader, which has one under way at a time. `ids`: what it acknowledged or fetched by number. */
export interface Request {
  via: 'inbox_watch' | 'inbox_peek' | 'inbox_read' | 'inbox_ack'
  ids: number[]
  begun: Moment
  ended: Moment
  outcome: Outcome<Copy[]>
}

/** Everything that one incarnation of an agent asked of its inbox, in order. */
export interface Reading {
  agent: string
  requests: Request[]
}

export interface History {
  sends: Send[]
  readings: Reading[]
}

/** The end, as the daemon's own operations tell it. `verified` is from before `journal`, which holds at least as much. */
export interface Found {
  messages: StoredMessage[]
  journal: JournalLine[]
  verified: { ok: boolean; events: number | null; why: string | null }
}

export interface StoredMessage extends Receipt {
  id: string
  from: string
  to: string
  text: string
  deliveries: { to: string; state: string }[]
}

export interface JournalLine {
  stream: string
  seq: number
  at: number
  type: string
  subject: string
  agent: string | null
  data: Record<string, unknown>
  prev: string
  hash: string
}

/** Gives out moments, and keeps what is told to it. */
export class Recorder implements History {
  readonly sends: Send[] = []
  readonly readings: Reading[] = []
  #tick = 0
  #life = 0
  #acknowledged = 0

  moment(): Moment {
    return { tick: (this.#tick += 1), life: this.#life }
  }

  /** Called just before the signal is sent: what ended before was answered by the daemon that dies. */
  kill(): void {
    this.#life += 1
    this.#acknowledged = 0
  }

  /** Exchanges that came to a good end since the last kill. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** One exchange with its moments. What it throws is not of the outcomes, and goes on. */
  async during<T>(work: () => Promise<Outcome<T>>): Promise<{ begun: Moment; ended: Moment; outcome: Outcome<T> }> {
    const begun = this.moment()
    const outcome = await work()
    if (outcome.kind === 'ok') this.#acknowledged += 1
    return { begun, ended: this.moment(), outcome }
  }
}
