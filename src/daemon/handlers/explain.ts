import { advice } from '../../core/advice.ts'
import { resolveAgent } from '../../core/address.ts'
import { describeDelivery } from '../../core/delivery.ts'
import type { JournalEvent } from '../../core/event.ts'
import { outlook } from '../../core/outlook.ts'
import { phaseDetail } from '../../core/phase.ts'
import { restartPolicy } from '../../core/restart.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** Open mail that is told one by one; the rest is a number. */
const lettersTold = 20
/** Lines of the screen that are told. */
const screenLines = 15

/** Why an agent is in its state. */
export function explain(parts: Parts): Pick<Handlers, 'explain.agent'> {
  return {
    'explain.agent': async (input) => {
      const agent = resolveAgent(parts.team(), input.agent)
      const { address } = agent
      const { events, open, counts } = await parts.store.read(async (db) => ({
        events: await db.events.recent({ agent: address, type: 'agent', limit: input.events }),
        open: await db.deliveries.open(address, lettersTold),
        counts: await db.deliveries.counts(),
      }))
      const state = parts.agents.get(address)
      const { phase, restarts } = state
      return {
        agent: address,
        phase: phase.name,
        detail: phaseDetail(phase),
        since: state.since,
        wanted: state.wanted,
        incarnation: state.incarnation,
        evidence: state.evidence,
        events: events.map(({ at, type, subject, agent: who, data }) => ({ at, type, subject, agent: who, data })),
        notices: notices(events),
        restarts: { mode: agent.restart, count: restarts.count, failures: restarts.failures, quarantineAt: restartPolicy.quarantineFailures },
        mail: {
          total: counts[address] ?? 0,
          open: open.map(({ message, delivery }) => ({
            id: message.id,
            n: message.n,
            from: message.from,
            sentAt: message.sentAt,
            state: describeDelivery(delivery),
            waitsFor: delivery.state === 'queued' ? parts.deliverer.waitingFor(message.id, address) : 'the agent to acknowledge it',
          })),
        },
        next: outlook(state, agent.restart),
        todo: advice(state),
        screen: await lastScreen(parts, address),
      }
    },
  }
}

function notices(events: JournalEvent[]): string[] {
  const launched = events.findLast((event) => event.type === 'agent.launched')
  const found = launched?.data['notices']
  return Array.isArray(found) ? found.map(String) : []
}

/** The end of an agent's screen, empty lines at the end left out; nothing where it has no terminal, or the terminal does not answer. */
export async function lastScreen(parts: Pick<Parts, 'agents' | 'supervisor'>, address: string): Promise<string[]> {
  const { incarnation } = parts.agents.get(address)
  if (incarnation === null) return []
  // An explanation without a screen is better than none: what is wrong with the terminal is told by the evidence.
  const screen = (await parts.supervisor.screen(incarnation).catch(() => '')).trim()
  if (screen === '') return []
  return screen.split('\n').map((line) => line.trimEnd()).filter((line, i, all) => line !== '' || all[i - 1] !== '').slice(-screenLines)
}
