import { Poster } from './poster.ts'
import { percentile, type Row } from './row.ts'
import { agentName, BenchTeam, stillTeam } from './team.ts'

const agents = 30
const rounds = 5

/**
 * Thirty agents, five messages each, all at once. The figure is from a message's commit to the moment its recipient, which waits in
 * `inbox_watch` as an agent's CLI does, has it. Beside it: the same with scripted agents that take a turn for each
 * message, on the same cores, by the journal's own times from the commit to the proof.
 */
export async function allToAll(): Promise<Row[]> {
  const alone = await waiting()
  const working = await atWork()
  const beside = `p50 ${percentile(alone, 50).toFixed(1)} ms of ${alone.length}; with 30 agents that take their turns: p50 ${percentile(working, 50).toFixed(0)}, p99 ${percentile(working, 99).toFixed(0)} ms; 6.8 s published elsewhere`
  return [{ figure: '30 agents × 5 messages, all to all, p99 to the inbox', value: percentile(alone, 99), unit: 'ms', hold: '< 50', beside }]
}

async function waiting(): Promise<number[]> {
  const team = new BenchTeam(agents, { files: stillTeam(agents) })
  try {
    await team.troupe('up')
    const doors = await doorsOf(team)
    const readers = doors.map((door) => new Reader(door))
    const received = Promise.all(readers.map(async (reader) => await reader.read(rounds)))
    await sendAll(doors)
    const arrivals = (await received).flat()
    const sent = await commits(team)
    return arrivals.map(({ n, at }) => at - (sent.get(n) ?? Number.NaN))
  } finally {
    await team.end()
  }
}

async function atWork(): Promise<number[]> {
  const team = new BenchTeam(agents)
  try {
    await team.troupe('up')
    await sendAll(await doorsOf(team))
    return await deliveryTimes(team, agents * rounds)
  } finally {
    await team.end()
  }
}

interface Door { url: string; token: string }

async function doorsOf(team: BenchTeam): Promise<Door[]> {
  const { address } = await team.json<{ address: string }>('daemon', 'status')
  return await Promise.all(Array.from({ length: agents }, async (_, index) => ({ url: address, token: await team.token(agentName(index)) })))
}

/** Each recipient gets as many as it sends. */
async function sendAll(doors: Door[]): Promise<void> {
  await Promise.all(
    doors.map(async (door, index) => {
      const poster = new Poster(door, '/api/v1/dm')
      for (let round = 0; round < rounds; round++) await poster.post({ to: agentName((index + round * 7 + 1) % agents), text: `round ${round}` })
      poster.close()
    }),
  )
}

/** One agent that waits for its mail and acknowledges it. */
class Reader {
  readonly #watch: Poster
  readonly #ack: Poster

  constructor(door: Door) {
    this.#watch = new Poster(door, '/api/v1/inbox_watch')
    this.#ack = new Poster(door, '/api/v1/inbox_ack')
  }

  async read(count: number): Promise<{ n: number; at: number }[]> {
    const got: { n: number; at: number }[] = []
    while (got.length < count) {
      const { messages } = JSON.parse(await this.#watch.post({ timeout_ms: 30_000 })) as { messages: { id: number }[] }
      const at = Date.now()
      for (const { id } of messages) if (!got.some(({ n }) => n === id)) got.push({ n: id, at })
      await this.#ack.post({ ids: messages.map(({ id }) => id) })
    }
    this.#watch.close()
    this.#ack.close()
    return got
  }
}

/** When each message was committed, by its number. ms */
async function commits(team: BenchTeam): Promise<Map<number, number>> {
  const client = await team.client()
  const { events } = await client.call('events', { limit: 10_000 })
  client.close()
  return new Map(events.filter(({ type }) => type === 'message.sent').map(({ data, at }) => [Number(data['n']), at]))
}

/** From each message's commit to its delivery, by the journal's own times. */
async function deliveryTimes(team: BenchTeam, count: number): Promise<number[]> {
  const client = await team.client()
  for (let tries = 0; tries < 300; tries++) {
    const { events } = await client.call('events', { limit: 10_000 })
    const sent = new Map(events.filter(({ type }) => type === 'message.sent').map((event) => [event.subject, event.at]))
    // An agent that acknowledges at once has it before any other proof came in.
    const arrived = new Map<string, number>()
    for (const { type, subject, at } of events) {
      if ((type === 'delivery.delivered' || type === 'delivery.acked') && !arrived.has(subject)) arrived.set(subject, at)
    }
    if (arrived.size >= count) {
      client.close()
      return [...arrived].map(([id, at]) => at - (sent.get(id) ?? at))
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('not every message was delivered')
}
