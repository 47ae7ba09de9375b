import { Client } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { percentile, type Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

/** One tool call over the agents' own endpoint, by the official client. */
export async function toolCalls(): Promise<Row[]> {
  const team = new BenchTeam(2)
  try {
    await team.troupe('up')
    const { address } = await team.json<{ address: string }>('daemon', 'status')
    const client = await agentClient(address, await team.token(agentName(0)))
    const times: number[] = []
    for (let index = 0; index < 500; index++) {
      const begun = performance.now()
      await client.callTool({ name: 'whoami', arguments: {} })
      if (index >= 50) times.push(performance.now() - begun)
    }
    await client.close()
    const beside = '1.2–1.5 / 6–13 ms measured for the SDK alone'
    return [
      { figure: 'MCP tool call p50', value: percentile(times, 50), unit: 'ms', hold: '< 2', beside },
      { figure: 'MCP tool call p99', value: percentile(times, 99), unit: 'ms', hold: '< 15', beside },
    ]
  } finally {
    await team.end()
  }
}

/** Thirty agents, five broadcasts each, all at once: commit to the recipient's inbox with proof. */
export async function allToAll(): Promise<Row[]> {
  const agents = 30
  const rounds = 5
  const team = new BenchTeam(agents)
  try {
    await team.troupe('up')
    const { address } = await team.json<{ address: string }>('daemon', 'status')
    const clients: Client[] = []
    for (let index = 0; index < agents; index++) clients.push(await agentClient(address, await team.token(agentName(index))))
    await Promise.all(
      clients.map(async (client, index) => {
        for (let round = 0; round < rounds; round++) {
          const to = agentName((index + round * 7 + 1) % agents)
          await client.callTool({ name: 'dm', arguments: { to, text: `round ${round}` } })
        }
      }),
    )
    const times = await deliveryTimes(team, agents * rounds)
    for (const client of clients) await client.close()
    const beside = `p50 ${percentile(times, 50).toFixed(1)} ms of ${times.length}; 6.8 s published elsewhere`
    return [{ figure: '30 agents × 5 messages, all to all, p99 to the inbox', value: percentile(times, 99), unit: 'ms', hold: '< 50', beside }]
  } finally {
    await team.end()
  }
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

async function agentClient(address: string, token: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  return client
}
