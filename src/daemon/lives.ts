import { join } from 'node:path'
import { isOpenTask } from '../core/task.ts'
import { findAgent, type Agent } from '../core/team.ts'
import { agentEnvironment } from '../config/environment.ts'
import { runtimeVariables } from '../runtimes/index.ts'
import { missingProgram, programPath } from '../util/programs.ts'
import { Changing } from './changing.ts'
import { Drain } from './drain.ts'
import { Ending } from './ending.ts'
import { Fingerprints } from './fingerprints.ts'
import { FailingOver } from './failing-over.ts'
import type { Ground } from './ground.ts'
import type { Holding } from './holding.ts'
import { Launching, type LaunchingParts } from './launching.ts'
import { Lifecycle } from './lifecycle.ts'
import { Outdated } from './outdated.ts'
import { readFiles, type TeamFiles } from './read-team.ts'
import { Reconciler } from './reconciler.ts'
import type { Sessions } from './sessions.ts'
import { Settling } from './settling.ts'
import type { Spend } from './spend.ts'
import type { ToolLines } from './tool-lines.ts'
import type { Following } from './tasks/following.ts'
import { withTask } from './tasks/hiring.ts'
import { Worktrees } from './worktrees/worktrees.ts'

export interface Given extends Ground {
  following: Pick<Following, 'settled'>
  sessions: Sessions
  tools: ToolLines
  spend: Spend
  holding: Holding
  /** Which agents' model calls go through troupe. */
  calls: LaunchingParts['calls']
  tell(address: string, text: string, key: string): Promise<void>
  judge: LaunchingParts['judge']
}

export interface Lives {
  drain: Drain
  reconciler: Reconciler
  lifecycle: Lifecycle
  changing: Changing
  settling: Settling
  outdated: Outdated
  worktrees: Worktrees
}

/** The parts that begin, change and end the lives of agents. */
export function lives({ team: applied, teamNow: team, ...ground }: Given): Lives {
  const { agents, clock, paths, values, token } = ground
  const fingerprints = new Fingerprints(token.token, runtimeVariables)
  const worktrees = new Worktrees({ ...ground, teamNow: team })
  const launching = new Launching({
    ...ground,
    worktrees,
    team: applied,
    startedWith: (agent) => fingerprints.now(agent, applied(), values()),
    programs: { node: process.execPath, hook: programPath('hook'), gate: programPath('gate'), pair: programPath('pair'), shim: programPath('shim'), scripted: programPath('scripted'), lane: programPath('lane') },
    missingProgram,
    finished: async (agent) => await finishedTask(ground, agent),
    withTask: async (agent) => await withTask(ground.store, applied(), agent),
    host: ground.hostNow,
    environmentFor: (agent) => agentEnvironment(agent, values(), runtimeVariables),
  })
  const given = { ...ground, team, fingerprints, launching, shim: [process.execPath, programPath('shim')] }
  const isDeclared = (address: string): boolean => findAgent(team(), address) !== undefined
  const drain = new Drain({ ...given, timeoutMs: () => team().supervisor.drainTimeoutMs, isDeclared })
  const ending = new Ending({ ...given, drain, leaving: () => given.desired.leaving })
  const contextFile = ({ project, id }: Agent): string => join(paths.agentFolder(project, id), 'context.md')
  const reconciler = new Reconciler({ ...given, ending, drain, failingOver: new FailingOver({ ...given, contextFile }) })
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
  return { drain, reconciler, lifecycle, changing, settling, outdated, worktrees }
}

/** Only a one-shot agent does its task by being started. */
async function finishedTask({ store, following }: Pick<Given, 'store' | 'following'>, { mode, address }: Agent): Promise<'done' | 'failed' | null> {
  if (mode !== 'oneshot') return null
  // Whoever starts it may be quicker than the verdict on its last run.
  await following.settled(address)
  const [task] = await store.read((db) => db.tasks.inHand([address]))
  if (task === undefined || isOpenTask(task)) return null
  return task.state.name === 'failed' ? 'failed' : 'done'
}
