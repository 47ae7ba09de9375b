import { changes, type Change, type Side, type Standing } from '../core/change.ts'
import { rowOf, type ChangeRow } from '../core/change-text.ts'
import { choose, isChosen, type Choice } from '../core/choice.ts'
import { TroupeError } from '../core/error.ts'
import type { Health, Runtime } from '../core/runtime.ts'
import type { Started } from '../core/started.ts'
import { takeOver, withRights } from '../core/take-over.ts'
import { agentsOf, type Agent, type Broker, type SupervisorSettings, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import { checkBroker } from './applied.ts'
import type { Agents } from './agents.ts'
import type { Desired } from './desired.ts'
import type { Fingerprints, Outside } from './fingerprints.ts'
import type { TeamFiles } from './read-team.ts'
import { checkRehearsable, checkScenario } from './rehearsable.ts'

export interface DraftParts {
  store: Store
  agents: Agents
  desired: Desired
  fingerprints: Fingerprints
  /** Of the store that is open. */
  broker: Broker
  /** Of the supervisor that is open. */
  terminals: SupervisorSettings
  /** Throws `config`. */
  read(): TeamFiles
  runtimeOf(agent: Agent): Promise<Runtime>
  healthOf(agent: Agent): Promise<Health>
  /** Values of variables that are held, by name. */
  held(): Record<string, string>
}

export interface Wish {
  /** Projects and agents; none means all. */
  names: string[]
  env: Record<string, string>
  /** A scenario that somebody named. */
  rehearsal: string | null
  /** A team in rehearsal stays in it, whatever the files say. */
  keepsRehearsal: boolean
}

/** What would be applied, and what that changes. Made without changing anything. */
export interface Draft {
  team: Team
  outside: Outside
  values: Record<string, string>
  choice: Choice
  changes: Change[]
  rows: ChangeRow[]
  notices: string[]
  /** Something is applied now. */
  isUp: boolean
}

/** Compares what is applied with what the files say. */
export async function draft(parts: DraftParts, wish: Wish): Promise<Draft> {
  const { desired, fingerprints } = parts
  const files = parts.read()
  const beside = desired.applied
  const applied = beside === null ? null : desired.team
  checkBroker(parts.broker, files.team.broker)
  if (applied !== null) checkSupervisor(applied, files.team, parts.agents)
  checkTerminals(parts.terminals, files.team.supervisor)
  if (wish.rehearsal !== null) await checkRehearsable(parts, files.team)
  const choice = choose(wish.names, applied === null ? [files.team] : [files.team, applied])
  const merged = applied === null ? files.team : withRights(takeOver(applied, files.team, choice), applied, files.team, choice)
  const { team, notices } = await cast({ ...merged, rehearsal: rehearsalOf(wish, files.team, applied, choice) }, parts)
  checkScenario(team)
  const values = { ...parts.held(), ...wish.env }
  const outside = fingerprints.outside(team, values)
  const then = beside ?? outside
  const before: Side | null = applied === null ? null : { team: applied, started: (agent) => fingerprints.of(agent, applied, then) }
  const after: Side = { team, started: (agent) => fingerprints.of(agent, team, isChosen(choice, agent) ? outside : then) }
  const found = changes(before, after, await standings(parts, choice)).map((change) => onlyChosen(change, choice, team))
  const rows = found.map((change) => rowOf(change, files.at, team.root))
  return { team, outside, values, choice, changes: found, rows, notices: [...choice.notices, ...notices], isUp: applied !== null }
}

function rehearsalOf(wish: Wish, files: Team, applied: Team | null, choice: Choice): string | null {
  if (wish.rehearsal !== null) return wish.rehearsal
  if (applied !== null && !choice.all) return applied.rehearsal
  return files.rehearsal ?? (wish.keepsRehearsal ? (applied?.rehearsal ?? null) : null)
}

async function standings({ store, agents }: DraftParts, choice: Choice): Promise<(address: string) => Standing> {
  const live = agents.all().filter(({ incarnation }) => incarnation !== null)
  const [counts, launched] = await store.read(async (db) => [
    await db.deliveries.counts(),
    await Promise.all(live.map(async ({ address }): Promise<[string, unknown]> => [address, await db.settings.get(`launched:${address}`)])),
  ])
  // An older release kept one hash of all, which cannot be compared.
  const started = new Map(launched.flatMap(([address, kept]): [string, Started][] => (typeof kept === 'object' && kept !== null ? [[address, kept as Started]] : [])))
  return (address) => {
    const { incarnation, wanted, phase } = agents.get(address)
    const chosen = isChosen(choice, { address, project: address.slice(0, address.indexOf(':')) })
    // One that is on its way out is started again with what is applied by then.
    return { running: incarnation !== null, wanted: wanted === 'running', started: chosen && phase.name !== 'stopping' ? (started.get(address) ?? null) : null, mail: counts[address] ?? 0 }
  }
}

/** Nothing is applied yet: the others are declared with it and wait to be started. */
function onlyChosen(change: Change, choice: Choice, team: Team): Change {
  const agent = agentsOf(team).find(({ address }) => address === change.agent)
  if (change.action !== 'start' || agent === undefined || isChosen(choice, agent)) return change
  return { ...change, action: 'untouched', notes: [`it is not started: troupe start ${change.agent}`] }
}

/** Terminals cannot move from one host to another while agents run in them. */
function checkSupervisor(applied: Team, files: Team, agents: Agents): void {
  const host = ({ supervisor: { drainTimeoutMs: _drain, ...rest } }: Team): string => JSON.stringify(rest)
  if (host(applied) === host(files) || agents.all().every(({ incarnation }) => incarnation === null)) return
  throw new TroupeError('config', 'the supervisor in team-compose.yaml is not the one that the running agents are held by', {
    hint: 'troupe down, then troupe up',
    facts: { open: applied.supervisor, wanted: files.supervisor },
  })
}

/** Where a daemon looks for terminals is settled when it begins: the next one would not find what this one started. */
function checkTerminals(open: SupervisorSettings, wanted: SupervisorSettings): void {
  if (open.type === wanted.type && open.tmuxServer === wanted.tmuxServer) return
  throw new TroupeError('config', 'the supervisor in team-compose.yaml is not the one that the daemon has open', {
    hint: 'troupe down, then troupe up',
    facts: { open, wanted },
  })
}

/** In a rehearsal a scripted agent stands in for a CLI that cannot be used here, or would ask a real model, and that is said. */
async function cast(team: Team, { healthOf, runtimeOf }: DraftParts): Promise<{ team: Team; notices: string[] }> {
  const notices: string[] = []
  if (team.rehearsal === null) return { team, notices }
  const stand = async (agent: Agent): Promise<Agent> => {
    const { unrehearsed } = await runtimeOf(agent)
    const { problem } = await healthOf(agent)
    const why = problem?.why ?? (unrehearsed === true ? `the description of ${agent.runtime} does not say how it is led to the scripted model (\`rehearsal_env\`)` : null)
    if (why === null) return agent
    notices.push(`${agent.address}: ${why}; a scripted agent stands in for it`)
    // Its arguments, and a way to run that the scripted one has not, are the CLI's.
    return { ...agent, runtime: 'scripted', descriptor: null, args: [], mode: agent.mode === 'protocol' ? 'terminal' : agent.mode }
  }
  const projects = team.projects.map(async (project) => ({ ...project, agents: await Promise.all(project.agents.map(stand)) }))
  return { team: { ...team, projects: await Promise.all(projects) }, notices }
}
