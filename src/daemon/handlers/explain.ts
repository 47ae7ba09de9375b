import { advice } from '../../core/advice.ts'
import { resolveAgent } from '../../core/address.ts'
import { describeDelivery } from '../../core/delivery.ts'
import type { JournalEvent } from '../../core/event.ts'
import { outlook } from '../../core/outlook.ts'
import { phaseDetail } from '../../core/phase.ts'
import { restartPolicy } from '../../core/restart.ts'
import type { Output } from '../../api/index.ts'
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
        ...(await shown(parts, state.incarnation)),
      }
    },
  }
}

function notices(events: JournalEvent[]): string[] {
  const launched = events.findLast((event) => event.type === 'agent.launched')
  const found = launched?.data['notices']
  return Array.isArray(found) ? found.map(String) : []
}

/** The screen as it ends, and what it alone says of the agent's state. */
async function shown(parts: Parts, incarnation: string | null): Promise<Pick<Output<'explain.agent'>, 'screen' | 'looks'>> {
  const screen = await screenOf(parts, incarnation)
  return { screen: endOf(screen), looks: parts.sessions.get(incarnation)?.runtime.looks?.(screen) ?? null }
}

/** The end of an agent's screen, empty lines at the end left out; nothing where it has no terminal, or the terminal does not answer. */
export async function lastScreen(parts: Pick<Parts, 'agents' | 'supervisor'>, address: string): Promise<string[]> {
  return endOf(await screenOf(parts, parts.agents.get(address).incarnation))
}

async function screenOf(parts: Pick<Parts, 'supervisor'>, incarnation: string | null): Promise<string> {
  // An explanation without a screen is better than none: what is wrong with the terminal is told by the evidence.
  return incarnation === null ? '' : (await parts.supervisor.screen(incarnation).catch(() => '')).trimEnd()
}

function endOf(screen: string): string[] {
  if (screen.trim() === '') return []
  return screen.trim().split('\n').map((line) => line.trimEnd()).filter((line, i, all) => line !== '' || all[i - 1] !== '').slice(-screenLines)
}
