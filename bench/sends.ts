import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Client } from '../src/client/client.ts'
import { connectHttp } from '../src/client/http.ts'
import { percentile, type Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

const clients = 8
const each = 1500

/** Durable sends through the whole daemon, over both faces, beside bare SQLite on the same disk in the same run. */
export async function sends(): Promise<Row[]> {
  const team = new BenchTeam(clients)
  try {
    const control = await daemonOf(team)
    const raw = rawInserts(3000)
    const socket = await rate(await Promise.all(Array.from({ length: clients }, () => team.client())))
    const { url, token } = await control.call('daemon.token', {})
    const http = await rate(await Promise.all(Array.from({ length: clients }, () => connectHttp({ url, token }))))
    const beside = `bare node:sqlite FULL, one insert a commit: ${Math.round(raw).toLocaleString('en')}/s in this run`
    control.close()
    return [
      { figure: 'durable sends, 8 clients, socket', value: socket, unit: '/s', hold: '≥ 6,000', reference: beside },
      { figure: 'durable sends, 8 clients, HTTP', value: http, unit: '/s', hold: '≥ 4,000', reference: beside },
    ]
  } finally {
    await team.end()
  }
}

/** Latency of one send while fifty agents run and take their mail. */
export async function sendLatency(): Promise<Row[]> {
  const agents = 50
  const team = new BenchTeam(agents)
  try {
    await team.troupe('up')
    const client = await team.client()
    const times: number[] = []
    for (let index = 0; index < 1000; index++) {
      const begun = performance.now()
      await client.call('send', { to: agentName(index % agents), text: `message ${index}` })
      times.push(performance.now() - begun)
    }
    client.close()
    return [{ figure: 'send p99, 50 agents', value: percentile(times, 99), unit: 'ms', hold: '< 10', reference: `p50 ${percentile(times, 50).toFixed(2)} ms` }]
  } finally {
    await team.end()
  }
}

async function daemonOf(team: BenchTeam): Promise<Client> {
  await team.troupe('ps')
  return await team.client()
}

async function rate(all: Client[]): Promise<number> {
  const begun = performance.now()
  await Promise.all(
    all.map(async (client, index) => {
      for (let n = 0; n < each; n++) await client.call('send', { to: agentName(index), text: `message ${n} of ${index}, of a usual length for a line of work` })
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  for (const client of all) client.close()
  return (all.length * each) / seconds
}

function rawInserts(count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
  const database = new DatabaseSync(join(folder, 'raw.db'))
  try {
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE m (id INTEGER PRIMARY KEY, text TEXT)')
    const insert = database.prepare('INSERT INTO m (text) VALUES (?)')
    const begun = performance.now()
    for (let index = 0; index < count; index++) insert.run(`message ${index} of the same length as the others are, more or less`)
    return count / ((performance.now() - begun) / 1000)
  } finally {
    database.close()
    rmSync(folder, { recursive: true })
  }
}
