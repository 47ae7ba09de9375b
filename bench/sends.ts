import { bareSqlite, besideBare } from './raw.ts'
import { percentile, type Row } from './row.ts'
import { Poster } from './poster.ts'
import { agentName, BenchTeam } from './team.ts'

const clients = 8
/** The daemon is a long-running process: what it takes to get warm is not part of its rate. */
const warmUp = 250
const each = 1500

interface Sender {
  send(input: { to: string; text: string }): Promise<unknown>
  close(): void
}

/** Durable sends through the whole daemon, over both faces, beside bare SQLite on the same disk in the same run. */
export async function sends(): Promise<Row[]> {
  const team = new BenchTeam(clients)
  try {
    await team.troupe('ps')
    const control = await team.client()
    const { url, token } = await control.call('daemon.token', {})
    control.close()
    const http = (): Sender => {
      const poster = new Poster({ url, token }, '/api/v1/send')
      return { send: (input) => poster.post(input), close: () => poster.close() }
    }
    const socket = async (): Promise<Sender> => {
      const client = await team.client()
      return { send: (input) => client.call('send', input), close: () => client.close() }
    }
    return [
      await row('socket', '≥ 6,000', await Promise.all(Array.from({ length: clients }, socket))),
      await row('HTTP', '≥ 4,000', Array.from({ length: clients }, http)),
    ]
  } finally {
    await team.end()
  }
}

async function row(face: string, hold: string, senders: Sender[]): Promise<Row> {
  await rate(senders, warmUp)
  const before = bareSqlite()
  const value = await rate(senders, each)
  const after = bareSqlite()
  for (const sender of senders) sender.close()
  return { figure: `durable sends, ${clients} clients, ${face}`, value, unit: '/s', hold, beside: besideBare(before, after) }
}

async function rate(senders: Sender[], count: number): Promise<number> {
  const begun = performance.now()
  await Promise.all(
    senders.map(async (sender, index) => {
      for (let n = 0; n < count; n++) await sender.send({ to: agentName(index), text: `message ${n} of ${index}, of a usual length for a line of work` })
    }),
  )
  return (senders.length * count) / ((performance.now() - begun) / 1000)
}

/** Sends a second at which every agent gets about one a second; a turn of fifty agents takes most of two cores. */
const paced = 40

/** Latency of one send while fifty agents run, take their mail and acknowledge it: at a steady pace, and one right after the other. */
export async function sendLatency(): Promise<Row[]> {
  const agents = 50
  const team = new BenchTeam(agents)
  try {
    await team.troupe('up')
    const client = await team.client()
    const send = async (index: number): Promise<number> => {
      const begun = performance.now()
      await client.call('send', { to: agentName(index % agents), text: `message ${index}` })
      return performance.now() - begun
    }
    const steady: Promise<number>[] = []
    for (let index = 0; index < 400; index++) {
      steady.push(send(index))
      await new Promise((resolve) => setTimeout(resolve, 1000 / paced))
    }
    const calm = await Promise.all(steady)
    const hurried: number[] = []
    for (let index = 0; index < 600; index++) hurried.push(await send(index))
    client.close()
    const figure = (times: number[]): string => `p50 ${percentile(times, 50).toFixed(1)}, p99 ${percentile(times, 99).toFixed(1)} ms`
    const beside = `p50 ${percentile(calm, 50).toFixed(1)} ms; with no pause between sends, agents filling the machine: ${figure(hurried)}`
    return [{ figure: `send p99, 50 agents, ${paced} sends a second`, value: percentile(calm, 99), unit: 'ms', hold: '< 10', beside }]
  } finally {
    await team.end()
  }
}
