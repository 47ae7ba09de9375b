import type { Clock } from '../core/clock.ts'
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
  const actions = { team: () => desired.team, values, plainEnvironment: () => plainEnvironment(values()), mail }
  return new LimitHooks({
    ...parts,
    team: () => (desired.known ? desired.team : null),
    perform: (hook, hit, signal) => perform(actions, hook, hit, signal),
    jitter: Math.random,
  })
}
