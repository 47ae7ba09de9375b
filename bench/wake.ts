import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { percentile, skipped, type Row } from './row.ts'
import { agentName, BenchTeam, type BenchTeamOptions } from './team.ts'

const rounds = 20
const clis = fileURLToPath(new URL('../.clis/bin', import.meta.url))

/** Takes every message in a turn of its own. */
const scenario = {
  about: 'One agent that is woken again and again.',
  agents: { [`load:${agentName(0)}`]: [{ from: 'user', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }] }] },
}

/** From the commit of a message to the beginning of the idle agent's turn, by the journal's own times. */
export async function wake(): Promise<Row[]> {
  return [await row('a scripted agent', '≤ its own push + 20', {}), await claude()]
}

/** The real program, on the scripted model. 218 ms is what its own push takes without us. */
async function claude(): Promise<Row> {
  const hold = '≤ 218 + 20'
  if (!existsSync(join(clis, 'claude'))) return skipped(figure('Claude Code'), hold, 'not in .clis (npm test puts it there)')
  return await row('Claude Code', hold, { runtime: 'claude-code', path: clis })
}

function figure(who: string): string {
  return `wake: commit to turn, ${who}, idle, p50`
}

async function row(who: string, hold: string, options: BenchTeamOptions): Promise<Row> {
  const team = new BenchTeam(1, { ...options, scenario })
  try {
    await team.troupe('up')
    const client = await team.client()
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { id } = await client.call('send', { to: agentName(0), text: `round ${round}` })
      times.push(await busyAfter(client, id))
    }
    client.close()
    return { figure: figure(who), value: percentile(times, 50), unit: 'ms', hold, beside: `p90 ${percentile(times, 90)} ms of ${rounds}` }
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
