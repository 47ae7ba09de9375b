import { randomUUID } from 'node:crypto'
import { TroupeError } from '../src/core/error.ts'
import type { Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

/** Eight senders, and the daemon killed again and again under them. Every id that a sender was given must be there at the end. */
export async function kills(count: number): Promise<Row[]> {
  const team = new BenchTeam(8)
  const acknowledged = new Map<string, string>()
  let going = true
  const sender = async (index: number): Promise<void> => {
    while (going) {
      const client = await team.client().catch(() => null)
      if (client === null) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        continue
      }
      try {
        while (going) {
          const text = randomUUID()
          const { id } = await client.call('send', { to: agentName(index), text, key: text })
          acknowledged.set(id, text)
        }
      } catch (error) {
        if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
      } finally {
        client.close()
      }
    }
  }
  try {
    await team.troupe('ps')
    const senders = Array.from({ length: 8 }, (_, index) => sender(index))
    for (let n = 0; n < count; n++) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      process.kill(await daemonPid(team), 'SIGKILL')
    }
    going = false
    await Promise.all(senders)
    await team.troupe('ps')
    return [await judge(team, acknowledged, count)]
  } finally {
    going = false
    await team.end()
  }
}

/** Of the daemon that answers, which may be one that is on its way back. */
async function daemonPid(team: BenchTeam): Promise<number> {
  for (;;) {
    const client = await team.client().catch(() => null)
    client?.close()
    if (client !== null) return client.daemon.pid
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function judge(team: BenchTeam, acknowledged: Map<string, string>, count: number): Promise<Row> {
  const client = await team.client()
  let lost = 0
  for (const [id, text] of acknowledged) {
    const found = await client.call('explain.message', { id }).catch(() => null)
    if (found?.text !== text) lost += 1
  }
  client.close()
  return {
    figure: `acknowledged messages lost over ${count} kill -9 of the daemon`,
    value: lost,
    unit: `of ${acknowledged.size.toLocaleString('en')}`,
    hold: '0',
    beside: 'nobody publishes it',
  }
}
