import { percentile, type Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

/** From the commit of a message to the beginning of the idle agent's turn, by the journal's own times. */
export async function wake(): Promise<Row[]> {
  const rounds = 20
  const team = new BenchTeam(1, 'hello')
  try {
    await team.troupe('up')
    const client = await team.client()
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { id } = await client.call('send', { to: agentName(0), text: `round ${round}` })
      times.push(await busyAfter(client, id))
    }
    client.close()
    return [{ figure: 'wake: commit to turn, idle scripted agent, p50', value: percentile(times, 50), unit: 'ms', hold: '≤ its own push + 20', reference: `p99 ${percentile(times, 99)} ms of ${rounds}` }]
  } finally {
    await team.end()
  }
}

async function busyAfter(client: Awaited<ReturnType<BenchTeam['client']>>, id: string): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const { events } = await client.call('events', { agent: agentName(0), limit: 20 })
    const all = (await client.call('events', { limit: 40 })).events
    const sent = all.find((event) => event.type === 'message.sent' && event.subject === id)
    const busy = events.find((event) => event.type === 'agent.phase' && event.data['to'] === 'busy' && event.at >= (sent?.at ?? Infinity))
    const idle = events.find((event) => event.type === 'agent.phase' && event.data['to'] === 'idle' && event.at >= (busy?.at ?? Infinity))
    if (sent !== undefined && busy !== undefined && idle !== undefined) return busy.at - sent.at
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the agent was never woken')
}
