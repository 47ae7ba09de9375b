import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { LimitHit } from '../core/limit-hit.ts'
import { gatewaysFor } from '../core/people.ts'
import { plainEnvironment } from '../config/environment.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Desired } from './desired.ts'
import { perform } from './limit-actions.ts'
import { LimitHooks } from './limit-hooks.ts'

export interface LimitingParts {
  store: Store
  clock: Clock
  agents: Agents
  desired: Desired
  values(): Record<string, string>
  mail(to: string, text: string, key: string): Promise<void>
  report(what: string, error: unknown): void
}

/** What is done about limits of providers, put together. */
export function limiting({ desired, values, mail, ...parts }: LimitingParts): LimitHooks {
  // The journal's line is what is told in chats: once, whichever daemon reads it.
  const tellPeople = async (hit: LimitHit, hook: string, text: string): Promise<void> => {
    if (gatewaysFor(desired.team, hit.agent).length === 0) throw new TroupeError('failed', 'nobody can be reached: the team has no interface')
    await parts.store.write((tx) => tx.journal({ type: 'limit.told', subject: hit.id, agent: hit.agent, data: { hook, text } }))
  }
  const actions = { team: () => desired.team, values, plainEnvironment: () => plainEnvironment(values()), mail, tellPeople }
  return new LimitHooks({
    ...parts,
    team: () => (desired.known ? desired.team : null),
    perform: (hook, hit, signal) => perform(actions, hook, hit, signal),
    jitter: Math.random,
  })
}
