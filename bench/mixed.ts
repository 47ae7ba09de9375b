import { percentile, type Row } from './row.ts'
import { Poster } from './poster.ts'
import { agentName, BenchTeam, stillTeam } from './team.ts'

const agents = 10
const seconds = 20
/** Of ten calls of an agent: it reads its inbox between any two others, and acknowledges what it read. */
const round = ['dm', 'peek', 'dm', 'ack', 'dm', 'peek', 'list', 'ack', 'broadcast', 'peek'] as const

type Kind = (typeof round)[number]

/** Ten agents at once, each one call after the other for twenty seconds: what a team's mail is made of, all of it durable. */
export async function mixedLoad(): Promise<Row[]> {
  const team = new BenchTeam(agents, { files: stillTeam(agents) })
  try {
    await team.troupe('up')
    const { address } = await team.json<{ address: string }>('daemon', 'status')
    const times: number[] = []
    const callers = await Promise.all(Array.from({ length: agents }, async (_, index) => new Caller(index, address, await team.token(agentName(index)))))
    const begun = performance.now()
    await Promise.all(callers.map(async (caller) => await caller.work(begun + seconds * 1000, times)))
    const rate = times.length / ((performance.now() - begun) / 1000)
    for (const caller of callers) caller.close()
    const beside = `p50 ${percentile(times, 50).toFixed(1)}, p99 ${percentile(times, 99).toFixed(1)} ms of ${times.length} calls; 49/s published elsewhere`
    return [{ figure: `sustained mixed load, ${agents} agents, ${seconds} s`, value: rate, unit: '/s', hold: '≥ 490', beside }]
  } finally {
    await team.end()
  }
}

/** One agent's calls over HTTP. */
class Caller {
  readonly #index: number
  readonly #posters: Map<string, Poster>
  #read: number[] = []

  constructor(index: number, url: string, token: string) {
    this.#index = index
    this.#posters = new Map(['dm', 'inbox_peek', 'inbox_ack', 'list_team', 'broadcast'].map((name) => [name, new Poster({ url, token }, `/api/v1/${name}`)]))
  }

  async work(until: number, times: number[]): Promise<void> {
    for (let n = 0; performance.now() < until; n++) {
      const begun = performance.now()
      await this.#call(round[n % round.length]!, n)
      times.push(performance.now() - begun)
    }
  }

  close(): void {
    for (const poster of this.#posters.values()) poster.close()
  }

  async #call(kind: Kind, n: number): Promise<void> {
    const text = `line ${n} of ${this.#index}, of a usual length for a line of work`
    if (kind === 'dm') await this.#post('dm', { to: agentName((this.#index + 1 + (n % (agents - 1))) % agents), text })
    else if (kind === 'broadcast') await this.#post('broadcast', { channel: 'all', text })
    else if (kind === 'list') await this.#post('list_team', {})
    else if (kind === 'ack') await this.#post('inbox_ack', { ids: this.#read.splice(0) })
    else this.#read = (JSON.parse(await this.#post('inbox_peek', { limit: 100 })) as { messages: { id: number }[] }).messages.map(({ id }) => id)
  }

  async #post(name: string, body: object): Promise<string> {
    return await this.#posters.get(name)!.post(body)
  }
}
