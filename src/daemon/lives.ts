import type { Health } from '../core/runtime.ts'
import type { Supervisor } from '../core/supervisor.ts'
import { findAgent, type Agent, type Broker, type Team } from '../core/team.ts'
import type { Clock } from '../core/clock.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import { Changing } from './changing.ts'
import type { Front } from './daemon.ts'
import type { Desired } from './desired.ts'
import { Drain } from './drain.ts'
import { Ending } from './ending.ts'
import type { Fingerprints } from './fingerprints.ts'
import type { Holding } from './holding.ts'
import type { Launching } from './launching.ts'
import { Lifecycle } from './lifecycle.ts'
import { Outdated } from './outdated.ts'
import { readFiles, type TeamFiles } from './read-team.ts'
import { Reconciler } from './reconciler.ts'
import type { Sessions } from './sessions.ts'
import { Settling } from './settling.ts'
import type { Spend } from './spend.ts'

export interface Given {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  supervisor: Supervisor
  launching: Launching
  desired: Desired
  spend: Spend
  holding: Holding
  fingerprints: Fingerprints
  broker: Broker
  paths: Paths
  /** argv of the stdio program for the team's tools. */
  shim: string[]
  /** The applied team, or an empty one. */
  team(): Team
  /** Values of variables from the last `up` or `reload`. */
  held(): Record<string, string>
  healthOf(agent: Agent): Promise<Health>
  front(): Front
  jitter(): number
  tell(address: string, text: string, key: string): Promise<void>
  report(what: string, error: unknown): void
}

export interface Lives {
  drain: Drain
  reconciler: Reconciler
  lifecycle: Lifecycle
  changing: Changing
  outdated: Outdated
}

/** The parts that begin, change and end the lives of agents. */
export function lives(given: Given): Lives {
  const { agents, clock, paths, team } = given
  const isDeclared = (address: string): boolean => findAgent(team(), address) !== undefined
  const drain = new Drain({ ...given, timeoutMs: () => team().supervisor.drainTimeoutMs, isDeclared })
  const ending = new Ending({ ...given, drain, leaving: () => given.desired.leaving })
  const reconciler = new Reconciler({ ...given, ending, drain })
  const settling = new Settling(agents, clock, (address) => given.spend.verdict(address))
  const lifecycle = new Lifecycle({ ...given, drain, reconciler, settling })
  const read = (): TeamFiles => readFiles(paths.root)
  const changing = new Changing({ ...given, drain, reconciler, settling, read })
  const outdated = new Outdated({ desired: given.desired, root: paths.root, read, plan: async () => await changing.plan([], {}) })
  // Who is about to end and may cost nothing more gets no more time for its turn.
  given.spend.subscribe(() => {
    for (const { address, incarnation, phase } of agents.all()) {
      if (phase.name === 'stopping' && incarnation !== null && given.spend.verdict(address).state === 'stop') drain.cut(incarnation)
    }
  })
  return { drain, reconciler, lifecycle, changing, outdated }
}
