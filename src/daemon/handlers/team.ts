import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { advice } from '../../core/advice.ts'
import { resolveAgent, resolveAgents } from '../../core/address.ts'
import { acting } from '../../core/duty.ts'
import { TroupeError } from '../../core/error.ts'
import { formatCursor } from '../../core/event.ts'
import { phaseDetail, usedUp, type AgentState } from '../../core/phase.ts'
import { taskDetail, type Task } from '../../core/task.ts'
import { agentsOf, type Agent } from '../../core/team.ts'
import type { AgentRow } from '../../api/index.ts'
import type { Handlers } from '../daemon.ts'
import type { Waiting } from '../outdated.ts'
import type { Parts } from '../parts.ts'
import { ceilings, usageRows } from './budget.ts'
import { lastScreen } from './explain.ts'
import { cancelOf, cutShort } from './task.ts'
import { limitHits } from './limit-hits.ts'

type Names = 'down' | 'down.part' | 'start' | 'stop' | 'kill' | 'restart' | 'ps' | 'inspect' | 'interrupt' | 'logs' | 'attach' | 'events'

/** Bring up, take down, look at. */
export function team(parts: Parts): Pick<Handlers, Names> {
  const { lifecycle } = parts

  /** A worker that is stopped is not done with what it had before it. Nothing is taken back where one of the names is wrong. */
  async function takeBack(names: string[]): Promise<string[]> {
    const addresses = lifecycle.named(names)
    await cancelOf(parts, addresses, 'its worker was stopped')
    return addresses
  }

  return {
    down: async (input) => {
      if (input.rehearsal && !(parts.desired.known && parts.desired.team.rehearsal !== null)) return { stopped: [] }
      const drainMs = input.hard ? 0 : input.drainMs
      const stopped = await lifecycle.down(drainMs).catch((error: unknown) => {
        if (error instanceof TroupeError && error.facts['ended'] === true) parts.finish()
        throw error
      })
      parts.finish()
      return { stopped }
    },
    'down.part': async (input) => await lifecycle.downOf(input.agents, input.hard ? 0 : input.drainMs),
    start: async (input, { signal }) => {
      const settled = await lifecycle.start(input.agents, input.timeoutMs, signal)
      return { ...settled, agents: await agentRows(parts, settled.agents) }
    },
    restart: async (input, { signal }) => {
      const settled = await lifecycle.restart(input.agents, input.fresh, input.drainMs, input.timeoutMs, signal)
      return { ...settled, agents: await agentRows(parts, settled.agents) }
    },
    stop: async (input) => {
      return { stopped: await lifecycle.stop(await takeBack(input.agents), input.drainMs) }
    },
    kill: async (input) => {
      return { stopped: await lifecycle.kill(await takeBack(input.agents)) }
    },
    ps: async () => {
      await parts.reconciler.looked()
      const leaving = parts.desired.leaving.filter(({ address }) => parts.agents.get(address).incarnation !== null)
      return await agentRows(parts, [...agentsOf(parts.team()), ...leaving])
    },
    inspect: async (input) => {
      await parts.reconciler.looked()
      const agent = resolveAgent(parts.team(), input.agent)
      const [shown] = await agentRows(parts, [agent])
      if (shown === undefined) throw new TroupeError('internal', `no row for ${agent.address}`)
      return { ...shown, ...(await details(parts, agent)) }
    },
    interrupt: async (input) => {
      const agent = resolveAgent(parts.team(), input.agent)
      const open = parts.sessions.get(parts.agents.get(agent.address).incarnation)
      if (open === undefined) throw notRunning(parts, agent)
      if (!open.runtime.abilities.interrupt) {
        throw new TroupeError('failed', `${open.runtime.name} cannot be interrupted`, { hint: `troupe restart ${agent.address}` })
      }
      const goesOn = await cutShort(parts, agent.address)
      await open.session.interrupt().catch(async (error: unknown) => {
        await goesOn()
        throw error
      })
      return { agent: agent.address }
    },
    logs: async (input) => await Promise.all(resolveAgents(parts.team(), input.agents).map((agent) => log(parts, agent, input))),
    attach: async (input) => {
      const agent = resolveAgent(parts.team(), input.agent)
      const { incarnation } = parts.agents.get(agent.address)
      if (incarnation === null) throw notRunning(parts, agent)
      return { agent: agent.address, argv: parts.supervisor.attachCommand(incarnation, input.rw) }
    },
    events: async (input) => {
      const agent = input.agent === undefined ? {} : { agent: resolveAgent(parts.team(), input.agent).address }
      const since = input.since === undefined ? {} : { since: input.since }
      return await parts.store.read(async (db) => ({
        cursor: formatCursor(await db.events.head()),
        events: (await db.events.recent({ limit: input.limit, ...agent, ...since })).map(({ at, type, subject, agent: who, data }) => ({ at, type, subject, agent: who, data })),
      }))
    },
  }
}

export async function agentRows(parts: Parts, agents: Agent[]): Promise<AgentRow[]> {
  const addresses = agents.map(({ address }) => address)
  const look = parts.store.read(async (db) => ({ counts: await db.deliveries.counts(), tasks: await db.tasks.inHand(addresses) }))
  const [{ counts, tasks }, waiting] = await Promise.all([look, parts.outdated.now()])
  const taskOf = new Map(tasks.map((task) => [task.agent, task]))
  return agents.map((agent) => ({ ...row(parts, agent, counts[agent.address] ?? 0), ...pendingFor(agent, waiting), ...given(taskOf.get(agent.address)) }))
}

function given(task: Task | undefined): Pick<AgentRow, 'task'> {
  if (task === undefined) return {}
  const { n, title, state, source, startedAt, endedAt } = task
  return { task: { n, title, state: state.name, detail: taskDetail(task), source, startedAt, endedAt } }
}

function changedFor({ foreign }: Parts, address: string): Pick<AgentRow, 'changed'> {
  const changed = foreign.of(address)
  return changed.length === 0 ? {} : { changed }
}

/** Settings that belong to no agent concern all of them. */
function pendingFor({ address }: Agent, waiting: Waiting): { pending?: string } {
  if (waiting.broken) return { pending: 'validate' }
  const found = waiting.rows.find(({ agent }) => agent === address) ?? waiting.rows.find(({ agent }) => agent === 'team')
  return found === undefined ? {} : { pending: found.action }
}

function row(parts: Parts, agent: Agent, inbox: number): AgentRow {
  const state = parts.agents.get(agent.address)
  return {
    agent: agent.address,
    displayName: agent.displayName,
    project: agent.project,
    role: agent.role,
    runtime: acting(agent, state).runtime,
    ...standsIn(agent, state),
    phase: state.phase.name,
    detail: detail(agent, state, parts.clock.now()),
    since: state.since,
    incarnation: state.incarnation,
    restarts: state.restarts.count,
    inbox,
    quota: usedUp(state),
    ...changedFor(parts, agent.address),
    ...attachTo(parts, state.incarnation),
  }
}

function detail({ runtime }: Agent, state: AgentState, now: number): string {
  return state.duty === undefined || state.duty.standIn === null ? told(state, now) : [`stands in for ${runtime}`, told(state, now)].filter((each) => each !== '').join('; ')
}

function told({ phase, evidence }: AgentState, now: number): string {
  if (phase.name === 'parked' && phase.until !== null) return `${phaseDetail(phase)}${phase.cut === true ? '; goes on in' : '; is free again in'} ${timeLeft(phase.until - now)}`
  if (phase.name !== 'backoff') return phaseDetail(phase)
  const why = evidence.findLast(({ source }) => source === 'process')?.what ?? 'it ended'
  return `${why}; next start in ${timeLeft(phase.until - now)}`
}

function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`
}

/** For whom the runtime of the row does the work; until when that one cannot. */
function standsIn({ runtime }: Agent, { duty }: AgentState): { standsInFor?: { runtime: string; since: number; until: number | null } } {
  return duty === undefined || duty.standIn === null ? {} : { standsInFor: { runtime, since: duty.at, until: duty.out[runtime] ?? null } }
}

/** Absent before the terminal is there and while the terminal server is away. */
function attachTo(parts: Parts, incarnation: string | null): { attach?: string[] } {
  if (incarnation === null) return {}
  try {
    return { attach: parts.supervisor.attachCommand(incarnation, false) }
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'unknown') return {}
    throw error
  }
}

async function details(parts: Parts, declared: Agent) {
  const state = parts.agents.get(declared.address)
  const agent = acting(declared, state)
  const { limits, loopGuard } = parts.team()
  const incarnation = state.incarnation === null ? undefined : await parts.store.read((db) => db.incarnations.get(state.incarnation ?? ''))
  const health = await parts.healthOf(agent)
  const folder = parts.paths.agentFolder(agent.project, agent.id)
  return {
    evidence: state.evidence,
    limits: {
      messageBytes: limits.messageBytes,
      requestsPerSecond: limits.requestsPerSecond,
      requestsAtOnce: limits.requestsAtOnce,
      waitsAtOnce: limits.waitsAtOnce,
      inboxMessages: limits.inboxMessages,
      ...(loopGuard.enabled ? { hops: loopGuard.hops, sendsPerChain: loopGuard.sendsPerChain, sendsPerMinute: loopGuard.sendsPerMinute } : {}),
      refused: { ...parts.throttle.refused(agent.address), ...parts.chains.refusals(agent.address) },
      budget: ceilings(parts, agent),
      restart: agent.restart,
      failuresInWindow: state.restarts.failures.length,
    },
    limitHits: await limitHits(parts, agent.address),
    usage: await usageRows(parts, { agent: agent.address }),
    session: state.session,
    pid: incarnation?.pid ?? null,
    model: agent.model,
    permissionMode: agent.permissionMode,
    gate: (await parts.runtimeOf(agent)).abilities.gate,
    cwd: agent.cwd,
    reportsTo: agent.reportsTo,
    canDm: agent.canDm,
    canBroadcast: agent.canBroadcast,
    version: health.version,
    files: { folder, log: parts.supervisor.logFile(agent.address), context: join(folder, 'context.md') },
    ...(['waiting', 'starting', 'stopping'].includes(state.phase.name) ? { screen: await lastScreen(parts, agent.address) } : {}),
    next: advice(state),
  }
}

async function log(parts: Parts, agent: Agent, { screen, escapes }: { screen: boolean; escapes: boolean }) {
  const file = parts.supervisor.logFile(agent.address)
  const { incarnation } = parts.agents.get(agent.address)
  const names = await readdir(dirname(file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const previous = names.filter((name) => name.startsWith(`${basename(file)}.`)).toSorted()
  return {
    agent: agent.address,
    file,
    previous: previous.map((name) => join(dirname(file), name)),
    screen: screen && incarnation !== null ? await parts.supervisor.screen(incarnation, { escapes }) : null,
  }
}

function notRunning(parts: Parts, agent: Agent): TroupeError {
  const { phase } = parts.agents.get(agent.address)
  return new TroupeError('failed', `${agent.address} is not running (it is ${phase.name})`, {
    hint: `troupe start ${agent.address}`,
    facts: { agent: agent.address, phase: phase.name },
  })
}
