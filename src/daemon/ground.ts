import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { restoringName } from '../core/backup.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Health, Host, Runtime } from '../core/runtime.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { Agent, Broker, SupervisorSettings, Team } from '../core/team.ts'
import { brokerEnvironment, hostOf } from '../config/environment.ts'
import { preparePaths, teamPaths, type Paths } from '../config/paths.ts'
import { loadRuntime, preloadRuntimes } from '../runtimes/index.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { loadSupervisor } from '../supervisors/index.ts'
import { programPath } from '../util/programs.ts'
import { Agents } from './agents.ts'
import { appliedBroker } from './applied.ts'
import type { Front } from './daemon.ts'
import { Desired } from './desired.ts'
import { emptyTeam } from './empty-team.ts'
import { healthCache } from './health.ts'
import { readTeam } from './read-team.ts'
import { operatorToken } from './token.ts'

export interface ComposeOptions {
  root: string
  /** The daemon's own environment, read by config/. */
  env: Record<string, string>
  clock: Clock
  log: Logger
}

/** What every part of a daemon stands on: where it keeps things, what is wanted, who there is, and how to reach them. */
export interface Ground {
  root: string
  clock: Clock
  since: number
  paths: Paths
  broker: Broker
  /** Of the supervisor that is open. */
  terminals: SupervisorSettings
  store: Store
  desired: Desired
  agents: Agents
  supervisor: Supervisor
  token: ReturnType<typeof operatorToken>
  /** The applied team. Throws where none is applied. */
  team(): Team
  /** The applied team, or an empty one. */
  teamNow(): Team
  runtimeOf(agent: Agent): Promise<Runtime>
  healthOf(agent: Agent): Promise<Health>
  /** Values of variables from the last `up` or `reload`. */
  held(): Record<string, string>
  /** What the last `up` brought wins over what the daemon was started with. */
  values(): Record<string, string>
  hostNow(): Host
  /** Throws until the server listens. */
  front(): Front
  listening(front: Front): void
  /** A line beside an agent's terminal; null takes it away. */
  show(address: string, text: string | null): void
  /** Resolves where another daemon has taken this one's place in the database. */
  shutOut: Promise<TroupeError>
  report(what: string, error: unknown): void
  jitter(): number
}

export async function openGround({ root, env, clock, log }: ComposeOptions): Promise<Ground> {
  refuseHalf(root)
  const paths = teamPaths(root)
  preparePaths(paths)
  const since = clock.now()
  const host = hostOf(env, clock)
  const report = (what: string, error: unknown): void => log.error({ err: error }, `${what} failed`)
  const readNow = async (): Promise<Team> => readTeam(root)
  const files = await readNow().catch(onlyConfig)
  const broker = appliedBroker(paths) ?? files?.broker ?? emptyTeam(root).broker
  const shutOut = Promise.withResolvers<TroupeError>()
  const store = await openStore(broker, { root, host: hostname(), env: brokerEnvironment(broker, root, env), clock, tell: (what) => log.info(what), shutOut: shutOut.resolve })
  const flaw = store.flaw()
  if (flaw !== null) log.error({ flaw }, 'the journal does not fit what was known of it; troupe audit verify')
  const desired = new Desired(store, root, readNow)
  await desired.load()
  const agents = new Agents(store, clock)
  await agents.load()
  if (desired.cameFrom !== null) await agents.standDown(`this team was brought up in ${desired.cameFrom}, and is down here until troupe up`)
  const token = operatorToken(join(paths.run, 'operator.token'))
  // Now, while they are there: an update may take the files away under a daemon that runs.
  await preloadRuntimes()
  const teamNow = (): Team => (desired.known ? desired.team : emptyTeam(root))
  const launcher = [process.execPath, programPath('launcher')]
  const { tmuxSocket, specs, agentFolder } = paths
  // What runs stays where it was started, whatever the files say by now.
  const runs = desired.known && (desired.applied !== null || agents.all().some(({ incarnation }) => incarnation !== null))
  const terminals = (runs ? desired.team : (files ?? teamNow())).supervisor
  const supervisor = await loadSupervisor(terminals.type, { root, settings: terminals, teamNow, clock, tmuxSocket, specs, agentFolder, launcher, env })

  let front: Front | null = null
  const held = (): Record<string, string> => front?.held.values?.env ?? {}
  const values = (): Record<string, string> => ({ ...env, ...held() })
  const hostNow = (): Host => ({ ...host, env: values() })
  const runtimeOf = runtimeCache()
  return {
    root, clock, since, paths, broker, terminals, store, desired, agents, supervisor, token, teamNow, runtimeOf, held, values, hostNow, report,
    shutOut: shutOut.promise,
    team: () => desired.team,
    healthOf: healthCache(clock, runtimeOf, hostNow),
    jitter: Math.random,
    listening: (given) => void (front = given),
    front() {
      if (front === null) throw new TroupeError('internal', 'the daemon was asked before it listens')
      return front
    },
    show(address, text) {
      const { incarnation } = agents.get(address)
      if (incarnation !== null) supervisor.notice(incarnation, text).catch((error: unknown) => report(`a notice beside the terminal of ${address}`, error))
    },
  }
}

/** What is half of one time and half of another is nobody's team. */
function refuseHalf(root: string): void {
  if (!existsSync(join(root, restoringName))) return
  throw new TroupeError('conflict', `a restore into ${root} was cut short`, { hint: `troupe -C ${root} restore FOLDER --force, once more: it does the rest` })
}

/** One runtime for each description. A load that failed is tried again. */
function runtimeCache(): (agent: Agent) => Promise<Runtime> {
  const runtimes = new Map<string, Promise<Runtime>>()
  return (agent) => {
    const key = JSON.stringify([agent.runtime, agent.descriptor, agent.mode])
    const known = runtimes.get(key) ?? loadRuntime(agent.runtime, agent.descriptor, agent.mode)
    runtimes.set(key, known)
    // The caller is told why; here it is only not kept.
    known.catch(() => runtimes.delete(key))
    return known
  }
}

/** Errors in the team's files keep nobody from looking after what runs. */
function onlyConfig(error: unknown): null {
  if (error instanceof TroupeError && error.code === 'config') return null
  throw error
}
