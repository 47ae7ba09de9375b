import type { Clock } from '../core/clock.ts'
import type { Health, Runtime } from '../core/runtime.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { Agent, Team } from '../core/team.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Approvals } from './approvals.ts'
import type { Attachments } from './attachments.ts'
import type { Bridges } from './bridges.ts'
import type { Chains } from './chains.ts'
import type { Confirmation } from './confirmation.ts'
import type { Changing } from './changing.ts'
import type { Front } from './daemon.ts'
import type { Compactions } from './compactions.ts'
import type { Deliverer } from './deliverer.ts'
import type { Desired } from './desired.ts'
import type { Drain } from './drain.ts'
import type { Fetching } from './fetching.ts'
import type { ForeignChanges } from './foreign-changes.ts'
import type { Holding } from './holding.ts'
import type { Janitor } from './janitor.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Mailroom } from './mailroom.ts'
import type { Outdated } from './outdated.ts'
import type { People } from './people/people.ts'
import type { Replies } from './people/replies.ts'
import type { Dispatcher } from './tasks/dispatcher.ts'
import type { Orders } from './tasks/orders.ts'
import type { Tasks } from './tasks/tasks.ts'
import type { TeamFiles } from './read-team.ts'
import type { Reconciler } from './reconciler.ts'
import type { Sessions } from './sessions.ts'
import type { Settling } from './settling.ts'
import type { Spend } from './spend.ts'
import type { Throttle } from './throttle.ts'
import type { Worktrees } from './worktrees/worktrees.ts'

/** What handlers may use. Made once, in compose.ts. */
export interface Parts {
  clock: Clock
  store: Store
  paths: Paths
  supervisor: Supervisor
  agents: Agents
  sessions: Sessions
  reconciler: Reconciler
  deliverer: Deliverer
  mailroom: Mailroom
  approvals: Approvals
  foreign: ForeignChanges
  confirmation: Confirmation
  attachments: Attachments
  compactions: Compactions
  fetching: Fetching
  throttle: Throttle
  chains: Chains
  spend: Spend
  holding: Holding
  bridges: Bridges
  janitor: Janitor
  worktrees: Worktrees
  lifecycle: Lifecycle
  changing: Changing
  settling: Settling
  tasks: Tasks
  orders: Orders
  dispatcher: Dispatcher
  /** As they are now. Throws `config`. */
  teamFiles(): TeamFiles
  writeTeamFile(file: string, before: string, after: string): void
  outdated: Outdated
  drain: Drain
  people: People
  replies: Replies
  desired: Desired
  team(): Team
  runtimeOf(agent: Agent): Promise<Runtime>
  healthOf(agent: Agent): Promise<Health>
  front(): Front
  since: number
  /** The operator's token for HTTP. */
  token(): string
  /** Ends the daemon after the answer is out. */
  finish(): void
}
