import type { Clock } from '../../core/clock.ts'
import { AppServer } from './app-server.ts'
import type { Notification, Question, Thread } from './protocol.ts'
import { openSocket, type OpenSocket } from './socket.ts'

/** Between two looks for the thread of the terminal, and between two attempts to connect. ms */
const lookMs = 100
const againMs = 250
/** A server that nobody answers for so long is gone; one that was just started is given its time. ms */
const goneMs = 10_000
const startMs = 60_000

export interface LineListener {
  /** The conversation in the terminal, as it is now; again after each connection. */
  pinned(thread: Thread, server: AppServer): Promise<void>
  told(notification: Notification): void
  asked(question: Question): void
  /** The connection ended; it is made again. */
  lost(why: string): void
  /** Nobody has listened for long. Once. */
  gone(): void
  /** There is a connection, and no conversation in the terminal yet. */
  waits(): void
}

/**
 * The connection to the app-server of one incarnation. It holds threads of several kinds (titles, subagents, what a person left
 * behind); the terminal's own is the last that is neither of passage nor another thread's child.
 */
export class Line {
  readonly #socket: string
  readonly #clock: Clock
  readonly #listener: LineListener
  readonly #name: string
  #thread: Thread | null = null
  #server: AppServer | null = null
  readonly #over = new AbortController()
  /** When somebody last listened there, as the clock's `elapsed`. */
  #heard: number
  /** Why the last connection ended: the same is not told over and over. */
  #why: string | null = null

  /** `name`: a thread without one would be given a title, by a model call of its own. */
  constructor(parts: { socket: string; name: string; clock: Clock; listener: LineListener }) {
    this.#socket = parts.socket
    this.#name = parts.name
    this.#clock = parts.clock
    this.#listener = parts.listener
    this.#heard = parts.clock.elapsed() + startMs
  }

  /** Where the terminal's thread is known: who to ask, and about which thread. */
  get ready(): { server: AppServer; threadId: string } | null {
    return this.#server === null || this.#thread === null ? null : { server: this.#server, threadId: this.#thread.id }
  }

  get #closed(): boolean {
    return this.#over.signal.aborted
  }

  /** Connects, and again whenever the connection ends, until it is closed. */
  async keep(): Promise<void> {
    while (!this.#closed) {
      const socket = await openSocket(this.#socket, this.#over.signal).catch(() => null)
      if (socket === null) this.#nobody()
      else await this.#using(socket)
      if (!this.#closed) await this.#pause(againMs)
    }
  }

  /** Nobody listens: not yet, or not any more. */
  #nobody(): void {
    if (this.#clock.elapsed() - this.#heard < goneMs) return
    this.#heard = Number.POSITIVE_INFINITY
    if (!this.#closed) this.#listener.gone()
  }

  async #using(socket: OpenSocket): Promise<void> {
    const why = await this.#use(socket).catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    this.#heard = this.#clock.elapsed()
    this.#server?.close()
    this.#server = null
    if (!this.#closed && why !== this.#why) this.#listener.lost(why)
    this.#why = why
  }

  close(): void {
    this.#over.abort()
    this.#server?.close()
  }

  /** Until it ends, and why; rejects where what it says cannot be understood. */
  async #use(socket: OpenSocket): Promise<string> {
    const ended = Promise.withResolvers<string>()
    const wire = { send: (text: string) => socket.send(text), close: (why: string) => (ended.resolve(why), socket.close()) }
    const server = new AppServer(wire, { told: (notification) => this.#told(notification, server), asked: (question) => this.#asked(question) }, this.#clock)
    socket.listen({ take: (text) => server.take(text), ended: () => server.close() })
    this.#server = server
    this.#thread = null
    if (this.#closed) server.close()
    else {
      await server.begin('1')
      await this.#find(server)
    }
    return await ended.promise
  }

  async #find(server: AppServer): Promise<void> {
    while (!this.#closed && this.#thread === null) {
      const { data } = await server.call('thread/loaded/list', {})
      const threads = await Promise.all(data.map(async (threadId) => (await server.call('thread/read', { threadId })).thread))
      const own = threads.findLast(isTerminals)
      if (own !== undefined) return await this.#pin(own, server)
      this.#listener.waits()
      await this.#pause(lookMs)
    }
  }

  /** A name makes Codex write the thread down, and only what is written down can be listened to. */
  async #pin(found: Thread, server: AppServer): Promise<void> {
    if ((found.name ?? '') === '') await server.call('thread/name/set', { threadId: found.id, name: this.#name })
    const { thread } = await server.call('thread/resume', { threadId: found.id, excludeTurns: true })
    this.#thread = thread
    this.#why = null
    await this.#listener.pinned(thread, server)
  }

  #told(notification: Notification, server: AppServer): void {
    if (notification.method === 'thread/started') {
      const { thread } = notification.params
      // A person began another conversation in the terminal.
      if (this.#thread !== null && thread.id !== this.#thread.id && isTerminals(thread)) this.#pin(thread, server).catch(() => server.close())
    }
    this.#listener.told(notification)
  }

  #asked(question: Question): void {
    if (question.params.threadId === this.#thread?.id) this.#listener.asked(question)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve))
  }
}

function isTerminals({ ephemeral, parentThreadId }: Thread): boolean {
  return !ephemeral && (parentThreadId ?? null) === null
}
