import type { Ladder, Proof, Rung } from './ladder.ts'
import { activityOf, type Phase } from './phase.ts'
import type { Priority, Trust } from './message.ts'
import type { Address } from './team.ts'

export type DeliveryState = 'queued' | 'delivered' | 'acked' | 'dead'

/** One message on its way to one recipient. */
export interface Delivery {
  messageId: string
  n: number
  recipient: Address
  state: DeliveryState
  proof: Proof | null
  /** Set while queued but typed where nothing can prove it. */
  typed: boolean
  /** The incarnation that it was last offered to, or that proved it. */
  incarnation: string | null
  rung: Rung | null
  attempts: number
  reason: string | null
  queuedAt: number
  deliveredAt: number | null
  ackedAt: number | null
}

/** As shown: `queued (typed, unproven)`, `delivered (hook)`, `dead: expired`. */
export function describeDelivery(delivery: Pick<Delivery, 'state' | 'proof' | 'typed' | 'reason'>): string {
  if (delivery.state === 'queued') return delivery.typed ? 'queued (typed, unproven)' : 'queued'
  if (delivery.state === 'delivered') return `delivered (${delivery.proof ?? 'unproven'})`
  if (delivery.state === 'dead') return `dead: ${delivery.reason ?? 'unknown'}`
  return delivery.state
}

export type NextStep = { do: 'offer'; rungs: Rung[] } | { do: 'wait'; for: string }

/**
 * Which rung to try now. Priority decides when: `urgent` and `normal` go into a running turn where the
 * runtime can, `low` waits for idle. Operators enter as the user, so a proven paste comes first for them;
 * peers never do. A dialog is never answered by a message. An agent on its way out gets control messages only.
 */
export function next(
  delivery: { priority: Priority; trust: Trust; control?: boolean },
  agent: { phase: Phase; rungs: Ladder },
): NextStep {
  const { phase, rungs } = agent
  const name = delivery.control === true ? (activityOf(phase) ?? phase.name) : phase.name
  switch (name) {
    case 'idle':
      return offer(order(rungs.idle, delivery.trust), 'the agent to read its inbox')
    case 'busy':
      if (delivery.priority === 'low') return { do: 'wait', for: 'the agent to be idle' }
      return offer(order(rungs.busy, delivery.trust), 'the turn to end')
    case 'waiting':
      if (delivery.priority === 'low') return { do: 'wait', for: 'the agent to be idle' }
      return offer(order(rungs.waiting, delivery.trust), `an answer to its question (${phase.name === 'waiting' ? phase.what : 'it is about to go'})`)
    case 'starting':
      return { do: 'wait', for: 'the agent to be ready' }
    default:
      return { do: 'wait', for: `the agent to run (it is ${phase.name})` }
  }
}

function offer(rungs: Rung[], otherwise: string): NextStep {
  const active = rungs.filter((rung) => rung !== 'fetch')
  return active.length === 0 ? { do: 'wait', for: otherwise } : { do: 'offer', rungs: active }
}

/** Pasted text enters as the user: peers get in that way only where the runtime knows no other. */
function order(rungs: Rung[], trust: Trust): Rung[] {
  if (trust === 'operator') return rungs.toSorted((a, b) => Number(b === 'paste') - Number(a === 'paste'))
  return rungs.includes('push') ? rungs.filter((rung) => rung !== 'paste') : rungs
}
