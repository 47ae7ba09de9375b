import type { Output as Answer } from '../../api/index.ts'
import type { AgentRow } from '../../api/team.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { eventOf } from '../event-line.ts'
import { pause } from '../pause.ts'

/** `lead`, else the only manager. */
export function leadOf(rows: readonly AgentRow[]): AgentRow {
  const managers = rows.filter(({ role }) => role === 'manager')
  const lead = managers.find(({ agent }) => agent.endsWith(':lead')) ?? (managers.length === 1 ? managers[0] : undefined)
  if (lead !== undefined && managers.filter(({ agent }) => agent.endsWith(':lead')).length < 2) return lead
  const names = managers.map(({ agent }) => agent)
  throw new TroupeError('usage', names.length === 0 ? 'this team has no manager to be its lead' : `this team has ${names.length} managers, and nothing says who leads`, {
    hint: `troupe send ${names[0] ?? 'AGENT'} "TEXT"`,
    facts: { managers: names },
  })
}

/** Woken by the journal: the message is looked up when something became of a delivery, until one of them has arrived. */
export async function howFar(cli: Cli, id: string, cursor: string, ms: number): Promise<Answer<'explain.message'>> {
  const look = async (): Promise<Answer<'explain.message'>> => await cli.call('explain.message', { id })
  let found = await look()
  const stop = new AbortController()
  const until = AbortSignal.any([stop.signal, cli.signal])
  void pause(ms, until).then(() => stop.abort())
  try {
    if (arrived(found) || ms === 0) return found
    for await (const item of cli.events(cursor, until)) {
      if (eventOf(item.data)?.type.startsWith('delivery.') !== true) continue
      found = await look()
      if (arrived(found)) break
    }
  } finally {
    stop.abort()
  }
  return found
}

export function arrived({ deliveries }: Answer<'explain.message'>): boolean {
  return deliveries.every(({ state }) => !state.startsWith('queued'))
}
