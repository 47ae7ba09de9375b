import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { teamPaths } from '../src/config/paths.ts'
import { runtimeNames } from '../src/runtimes/index.ts'
import { percentile, skipped, type Row } from './row.ts'
import { agentName, BenchTeam, type BenchTeamOptions } from './team.ts'

const rounds = 20
const clis = fileURLToPath(new URL('../.clis/bin', import.meta.url))

/** Takes every message in a turn of its own. */
const scenario = {
  about: 'One agent that is woken again and again.',
  agents: { [`load:${agentName(0)}`]: [{ from: 'user', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }] }] },
}

/** What its own push takes without us, measured from the call to the model's request, ms; null: it has none, and is typed to. */
const clisByPush: [runtime: string, program: string, push: number | null][] = [
  ['claude-code', 'claude', 218],
  ['codex', 'codex', 40],
  ['opencode', 'opencode', 157],
  ['gemini', 'gemini', null],
]

/**
 * From the commit of a message to the beginning of the idle agent's turn, by the journal's own times; of the real CLIs also to
 * the request of their model, by the times of the daemon's log.
 */
export async function wake(): Promise<Row[]> {
  const rows = [await row('scripted', '≤ its own push + 20', {})]
  for (const each of clisByPush) rows.push(await real(...each))
  return rows
}

/** The real program, on the scripted model. */
async function real(runtime: string, program: string, push: number | null): Promise<Row> {
  const hold = push === null ? '' : `≤ ${push} + 20`
  if (!runtimeNames.ready.includes(runtime)) return skipped(figure(runtime), hold, 'this version cannot run it')
  if (!existsSync(join(clis, program))) return skipped(figure(runtime), hold, 'not in .clis (npm test puts it there)')
  return await row(runtime, hold, { runtime, path: clis, env: { TROUPE_LOG: 'debug' } })
}

function figure(runtime: string): string {
  return `wake: commit to turn, ${runtime}, idle, p50`
}

async function row(runtime: string, hold: string, options: BenchTeamOptions): Promise<Row> {
  const team = new BenchTeam(1, { ...options, scenario })
  try {
    await team.troupe('up')
    const client = await team.client()
    const times: number[] = []
    const sends: number[] = []
    const proofs = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const { id } = await client.call('send', { to: agentName(0), text: `round ${round}` })
      const { sent, busy } = await wokenBy(client, id)
      times.push(busy - sent)
      sends.push(sent)
      for (const { proof } of (await client.call('explain.message', { id })).deliveries) proofs.add(proof ?? 'none')
    }
    client.close()
    return { figure: figure(runtime), value: percentile(times, 50), unit: 'ms', hold, beside: [`p90 ${percentile(times, 90)} ms of ${rounds}`, ...toModel(team, sends), `proved by ${[...proofs].join(', ')}`].join('; ') }
  } finally {
    await team.end()
  }
}

/** What of it had gone by when the model was asked; nothing where no model is. */
function toModel({ root }: BenchTeam, sends: readonly number[]): string[] {
  const lines = readFileSync(teamPaths(root).daemonLog, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { msg: string; call: string; time: number; ms: number })
  const asked = lines.filter(({ msg, call }) => msg === 'model' && !/count_?tokens/i.test(call)).map(({ time, ms }) => time - ms)
  const times = sends.flatMap((sent) => asked.find((at) => at >= sent) ?? []).map((at, index) => at - sends[index]!)
  return times.length < sends.length ? [] : [`to its model’s request p50 ${percentile(times, 50)} ms, p90 ${percentile(times, 90)} ms`]
}

async function wokenBy(client: Awaited<ReturnType<BenchTeam['client']>>, id: string): Promise<{ sent: number; busy: number }> {
  for (let tries = 0; tries < 600; tries++) {
    const { events } = await client.call('events', { agent: agentName(0), limit: 20 })
    const all = (await client.call('events', { limit: 40 })).events
    const sent = all.find((event) => event.type === 'message.sent' && event.subject === id)
    const busy = events.find((event) => event.type === 'agent.phase' && event.data['to'] === 'busy' && event.at >= (sent?.at ?? Infinity))
    const idle = events.find((event) => event.type === 'agent.phase' && event.data['to'] === 'idle' && event.at >= (busy?.at ?? Infinity))
    if (sent !== undefined && busy !== undefined && idle !== undefined) return { sent: sent.at, busy: busy.at }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the agent was never woken')
}
