import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../src/client/client.ts'
import { processesCarrying } from '../scripts/demo/left-over.ts'
import { residentMb } from './process.ts'
import { percentile, type Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

const agents = 100
/** An operator's message a second, which its reader passes on to another agent: two deliveries and two turns. */
const sendEveryMs = 1_000
/** One agent is killed and comes back. Each comes round less than once in 50 minutes, far from a quarantine. */
const killEveryMs = 30_000
const sampleEveryMs = 30_000

const passesOn = { about: 'passes on what it is told to', agents: { '*': [{ when: '/^tell (\\w+) (.+)/', do: [{ tool: 'dm', args: { to: '{1}', text: '{2}' } }, { text: 'told' }] }] } }

interface Sample {
  resident: number
  files: number
  processes: number
}

/**
 * A hundred agents at work for so many minutes, some of them killed meanwhile: what the daemon holds at the end is
 * compared with what it held half-way. Both are medians of a quarter of the run.
 */
export async function soak(minutes: number): Promise<Row[]> {
  const team = new BenchTeam(agents, { scenario: passesOn })
  const ids: string[] = []
  try {
    await team.troupe('up')
    const { pid } = await team.json<{ pid: number }>('daemon', 'status')
    const client = await team.client()
    const samples: Sample[] = []
    let killed = 0
    const end = Date.now() + minutes * 60_000
    const stop = [
      every(sendEveryMs, async (n) => {
        const { id } = await client.call('send', { to: agentName(n % agents), text: `tell ${agentName((n * 7 + 1) % agents)} hello ${n}` })
        ids.push(id)
      }),
      every(killEveryMs, async (n) => {
        if (await killOne(client, agentName((n * 13) % agents))) killed += 1
      }),
      every(sampleEveryMs, async () => void samples.push(await sample(team, pid))),
    ]
    while (Date.now() < end) await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, end - Date.now())))
    await Promise.all(stop.map((halt) => halt()))
    const rows = growth(samples, `${minutes} minutes, ${agents} agents, ${ids.length} messages passed on, ${killed} agents killed`)
    return [...rows, await lost(client, ids), ...size(team, ids.length * 2)].map((row) => row)
  } finally {
    await team.end()
  }
}

/** Calls again and again, one at a time; the returned function stops and rejects with what failed. */
function every(ms: number, work: (n: number) => Promise<void>): () => Promise<void> {
  let going = true
  const run = async (): Promise<void> => {
    for (let n = 0; going; n++) {
      const next = Date.now() + ms
      await work(n)
      while (going && Date.now() < next) await new Promise((resolve) => setTimeout(resolve, Math.min(200, ms)))
    }
  }
  const running = run()
  running.catch(() => (going = false)) // told by whoever stops it
  return async () => {
    going = false
    await running
  }
}

/** False where it is not up just now. */
async function killOne(client: Client, agent: string): Promise<boolean> {
  const { pid } = await client.call('inspect', { agent })
  if (pid === null) return false
  process.kill(pid, 'SIGKILL')
  return true
}

async function sample(team: BenchTeam, pid: number): Promise<Sample> {
  const processes = (await processesCarrying(team.root)).length
  return { resident: residentMb(pid), files: readdirSync(`/proc/${pid}/fd`).length, processes }
}

function growth(samples: Sample[], what: string): Row[] {
  const quarter = Math.floor(samples.length / 4)
  const median = (part: Sample[], figure: keyof Sample) => percentile(part.map((each) => each[figure]), 50)
  const [half, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)]
  const row = (figure: keyof Sample, name: string, unit: string, hold: string): Row => ({
    figure: name,
    value: median(last, figure) - median(half, figure),
    unit,
    hold,
    beside: `${median(half, figure).toFixed(0)} → ${median(last, figure).toFixed(0)}; ${what}`,
  })
  return [
    row('resident', 'memory grown, last quarter against the second', 'MB', '< 10'),
    row('files', 'open files grown', '', '≤ 2'),
    row('processes', 'processes grown', '', '≤ 2'),
  ]
}

/** Every message that was passed on must have reached both of its readers. */
async function lost(client: Client, ids: string[]): Promise<Row> {
  const open = async () => {
    let count = 0
    for (const id of ids) {
      const { deliveries } = await client.call('explain.message', { id })
      if (deliveries.some(({ state }) => state !== 'acked')) count += 1
    }
    return count
  }
  const end = Date.now() + 120_000
  let value = await open()
  while (value > 0 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    value = await open()
  }
  client.close()
  return { figure: 'messages without an acknowledgement at the end', value, unit: `of ${ids.length.toLocaleString('en')}`, hold: '0', beside: '' }
}

/** What a message and everything about it takes on the disk. It grows with the mail until retention prunes it. */
function size(team: BenchTeam, messages: number): Row[] {
  const file = join(team.root, 'state', 'mailbox.db')
  return [{ figure: 'database, a message with its delivery and its journal', value: statSync(file).size / 1024 / messages, unit: 'KiB', hold: '', beside: '' }]
}
