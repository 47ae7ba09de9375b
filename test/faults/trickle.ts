import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { Client } from '../../src/client/client.ts'
import { TroupeError } from '../../src/core/error.ts'

/** Runs something over the operator's socket; whatever goes away meanwhile, it throws `unavailable`. */
export async function ask<T>(socket: string, question: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect({ socket })
  try {
    return await question(client)
  } finally {
    client.close()
  }
}

/** Mail that never stops: to each agent in turn, each message once, whatever is killed meanwhile. */
export class Trickle {
  /** Ids that were acknowledged to the sender, by the key they were sent with. */
  readonly sent = new Map<string, string>()
  readonly #socket: string
  readonly #agents: readonly string[]
  readonly #everyMs: number
  #going = false
  #work: Promise<void> = Promise.resolve()

  constructor(socket: string, agents: readonly string[], everyMs: number) {
    this.#socket = socket
    this.#agents = agents
    this.#everyMs = everyMs
  }

  start(): void {
    this.#going = true
    this.#work = this.#run()
    this.#work.catch(() => {}) // stop() tells
  }

  /** The message that is on its way is sent to its end, however long that takes. Throws what went wrong beside outages. */
  async stop(): Promise<void> {
    this.#going = false
    await this.#work
  }

  async #run(): Promise<void> {
    while (this.#going) {
      const n = this.sent.size
      const to = this.#agents[n % this.#agents.length] ?? ''
      this.sent.set(`trickle ${n}`, await this.#send(to, `trickle ${n}`))
      await sleep(this.#everyMs)
    }
  }

  async #send(to: string, text: string): Promise<string> {
    for (;;) {
      try {
        return (await ask(this.#socket, (client) => client.call('send', { to, text, key: text }))).id
      } catch (error) {
        if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
        await sleep(50)
      }
    }
  }
}
