import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { Copy, Outcome, Reading, Recorder, Request } from './history.ts'
import { Tools, type AgentDoor } from './tools.ts'

interface Shown {
  id: number
  sender: string
  text: string
}

/** ms */
const watchMs = 400
const retryMs = 25

/** One agent that waits for mail and acknowledges it, one request at a time, as agents do. */
export class Reader {
  readonly reading: Reading
  readonly #tools: Tools
  readonly #recorder: Recorder
  readonly #chance: Chance
  /** Got, and not known to be done with. */
  readonly #open = new Set<number>()
  readonly #done = new Set<number>()

  constructor(door: AgentDoor, recorder: Recorder, chance: Chance) {
    this.reading = { agent: door.address, requests: [] }
    recorder.readings.push(this.reading)
    this.#tools = new Tools(door)
    this.#recorder = recorder
    this.#chance = chance
  }

  /** Everything of these was shown and is done with. */
  hasDone(numbers: Iterable<number>): boolean {
    return [...numbers].every((n) => this.#done.has(n))
  }

  /** Throws if a request is refused: nothing here should be. */
  async keepReading(until: AbortSignal): Promise<void> {
    try {
      while (!until.aborted) {
        for (const n of await this.#ask('inbox_watch', [], { timeout_ms: this.#chance.below(watchMs) })) this.#open.add(n)
        // What a look shows has arrived as well: no watch will bring it.
        if (this.#chance.hits(0.02)) for (const n of await this.#ask('inbox_peek', [], {})) this.#open.add(n)
        // Now and then it leaves mail for later, also over the end of a daemon.
        if (this.#open.size > 0 && this.#chance.hits(0.8)) await this.#finish(until)
      }
    } finally {
      await this.#tools.close()
    }
  }

  /** Acknowledges some or all of what is open; sometimes by fetching it again, which counts with the next request. */
  async #finish(until: AbortSignal): Promise<void> {
    const ids = [...this.#open].filter(() => this.#chance.hits(0.9))
    if (ids.length === 0) return
    if (this.#chance.hits(0.15)) {
      await this.#ask('inbox_read', ids.slice(0, 20), { ids: ids.slice(0, 20) })
      return
    }
    do await this.#ask('inbox_ack', ids, { ids })
    while (this.reading.requests.at(-1)?.outcome.kind !== 'ok' && !until.aborted)
    for (const n of ids) {
      this.#open.delete(n)
      this.#done.add(n)
    }
  }

  /** Numbers of what was shown; none where nobody answered. */
  async #ask(via: Request['via'], ids: number[], args: Record<string, unknown>): Promise<number[]> {
    const asked = await this.#recorder.during(async (): Promise<Outcome<Copy[]>> => {
      const answer = await this.#tools.call<{ messages?: Shown[] }>(via, args)
      return answer.kind === 'ok' ? { kind: 'ok', value: (answer.value.messages ?? []).map(copyOf) } : answer
    })
    this.reading.requests.push({ via, ids, ...asked })
    if (asked.outcome.kind === 'refused') throw new Error(`${this.reading.agent} was refused ${via}: ${asked.outcome.why}`)
    if (asked.outcome.kind === 'unknown') await sleep(retryMs)
    return asked.outcome.kind === 'ok' ? asked.outcome.value.map(({ n }) => n) : []
  }
}

function copyOf({ id, sender, text, ...rest }: Shown): Copy {
  return { n: id, from: sender, text, rest: JSON.stringify(rest) }
}
