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

async function agentClient(address: string, token: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  return client
}
