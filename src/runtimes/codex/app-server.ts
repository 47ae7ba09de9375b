import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { parseRecord } from '../json.ts'
import { notifications, questions, results, type Notification, type Question, type Results } from './protocol.ts'

/** One message each way at a time, whatever carries it: a websocket's frames, or lines of stdio. */
export interface Wire {
  send(message: string): void
  close(why: string): void
}

export interface Listener {
  told(notification: Notification): void
  asked(question: Question): void
}

/** What the server answered to a call that it did not do. */
export class Refused extends Error {}

const message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})

/** It answers within milliseconds, on a machine with too much to do within seconds. ms */
const answerMs = 20_000

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The client side of `codex app-server`: calls out, notifications and questions in. */
export class AppServer {
  readonly #wire: Wire
  readonly #listener: Listener
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #closed = false

  constructor(wire: Wire, listener: Listener, clock: Clock) {
    this.#wire = wire
    this.#listener = listener
    this.#clock = clock
  }

  /** The greeting that everything else comes after. `version` is troupe's. */
  async begin(version: string): Promise<void> {
    await this.call('initialize', { clientInfo: { name: 'troupe', title: 'troupe', version }, capabilities: { experimentalApi: true, requestAttestation: false } })
    this.#wire.send(JSON.stringify({ method: 'initialized' }))
  }

  /** Rejects with `Refused` and the server's words, or where the connection ends before the answer: also of a server that hangs. */
  async call<Name extends keyof Results>(method: Name, params: Record<string, unknown>): Promise<Results[Name]> {
    if (this.#closed) throw new Error('the connection to the app-server is closed')
    const id = ++this.#last
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    const cancel = this.#clock.after(answerMs, () => this.close(`it did not answer ${method} within ${answerMs / 1000} s`))
    try {
      this.#wire.send(JSON.stringify({ id, method, params }))
      return results[method].parse(await answer) as Results[Name]
    } finally {
      cancel()
    }
  }

  answer(question: Pick<Question, 'id'>, result: Record<string, unknown>): void {
    if (!this.#closed) this.#wire.send(JSON.stringify({ id: question.id, result }))
  }

  /** One message from the server. What is not known is let go: there is more of it with every version. */
  take(text: string): void {
    const read = message.safeParse(parseRecord(text))
    if (!read.success) return
    const { id, method, params, result, error } = read.data
    if (method === undefined) return this.#answered(Number(id), result, error)
    if (id === undefined) {
      const known = params !== undefined && Object.hasOwn(notifications, method) ? notifications[method as Notification['method']].safeParse(params) : null
      if (known?.success === true) this.#listener.told({ method, params: known.data } as Notification)
      return
    }
    const known = Object.hasOwn(questions, method) ? questions[method as Question['method']].safeParse(params) : null
    if (known?.success === true) this.#listener.asked({ id, method, params: known.data } as Question)
  }

  /** The connection is gone, from either end. */
  close(why = 'it hung up'): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject } of this.#waiting.values()) reject(new Error(`the connection to the app-server ended: ${why}`))
    this.#waiting.clear()
    this.#wire.close(why)
  }

  #answered(id: number, result: unknown, error: { message: string } | undefined): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Refused(error.message))
  }
}
