import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { residentMb } from './process.ts'
import type { Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

const rounds = 3
const settleMs = 5_000

/** The same work again and again: what the daemon keeps of a later round is a leak, what it keeps of the first is its size. */
export async function leak(): Promise<Row[]> {
  const team = new BenchTeam(2)
  try {
    await team.troupe('up')
    const { pid, address } = await team.json<{ pid: number; address: string }>('daemon', 'status')
    const sizes = [residentMb(pid)]
    for (let round = 0; round < rounds; round++) {
      await sendMuch(team)
      await reconnectMcp(team, address)
      await connectEvents(team)
      await new Promise((resolve) => setTimeout(resolve, settleMs))
      sizes.push(residentMb(pid))
    }
    const value = (sizes.at(-1) ?? Number.NaN) - (sizes.at(-2) ?? Number.NaN)
    const beside = `resident before and after each round: ${sizes.map((size) => size.toFixed(0)).join(', ')} MB`
    return [{ figure: 'memory kept of 5,000 sends, 200 MCP, 50 SSE', value, unit: 'MB', hold: '< 10', beside }]
  } finally {
    await team.end()
  }
}

async function sendMuch(team: BenchTeam): Promise<void> {
  const client = await team.client()
  for (let n = 0; n < 100; n++) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => client.call('send', { to: agentName(index % 2), text: `message ${n} ${index}` })))
  }
  client.close()
}

async function reconnectMcp(team: BenchTeam, address: string): Promise<void> {
  const headers = { authorization: `Bearer ${await team.token(agentName(0))}` }
  for (let n = 0; n < 200; n++) {
    const client = new Client({ name: 'bench', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit: { headers } }))
    await client.callTool({ name: 'whoami', arguments: {} })
    await client.close()
    // An agent that asks more than 100 times a second is held back.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function connectEvents(team: BenchTeam): Promise<void> {
  const control = await team.client()
  const { url, token } = await control.call('daemon.token', {})
  for (let n = 0; n < 50; n++) {
    const stop = new AbortController()
    const response = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` }, signal: stop.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    stop.abort()
    await reader?.closed.catch(() => undefined) // it ends by our own abort
  }
  control.close()
}
