import type { Parsed } from '../../api/index.ts'
import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { agentRule, teamRule } from '../../core/rule.ts'
import { noWish, titleOf, type Task, type TaskTurn, type Wish } from '../../core/task.ts'
import { agentsOf, findAgent, type Agent, type Mode, type Team } from '../../core/team.ts'
import { checkWorkerName, workerName } from '../../core/worker.ts'
import type { Store } from '../../store/store.ts'
import type { Agents } from '../agents.ts'
import type { Desired } from '../desired.ts'
import type { TeamFiles } from '../read-team.ts'
import { checkHires, completeWish, entryOf, leadOf, type HiringParts } from './hiring.ts'
import { newTaskId, type TaskDraft, type Tasks } from './tasks.ts'

export interface OrderParts {
  store: Store
  tasks: Tasks
  desired: Desired
  agents: Agents
  hiring: HiringParts
  files(): TeamFiles
  /** Changes of the team's files, and choices of names, follow each other. */
  edit<T>(work: () => Promise<T>): Promise<T>
}

export type Order = Omit<Parsed<'task.add'>['tasks'][number], 'after'> & { after?: string[] }

/** Who asks, and in whose name the workers act. */
export interface Maker {
  source: Task['source']
  by: string
  /** The lead that asks; null for operators. */
  lead: Agent | null
  taint: string[]
}

export type Made = { task: Task; again: boolean }[]

/** Takes orders for tasks in: everything that can be known of them is checked before any of them is made. */
export class Orders {
  readonly #parts: OrderParts

  constructor(parts: OrderParts) {
    this.#parts = parts
  }

  /** `dryRun`: what would be made, with 0 for its number; nothing is. */
  async take(orders: readonly Order[], maker: Maker, dryRun = false): Promise<Made> {
    return await this.#parts.edit(async () => {
      const files = this.#checkUp()
      const drafts = await this.#drafts(orders, maker, files)
      await this.#check(drafts, maker, files)
      if (dryRun) return drafts.map((draft) => ({ task: notMade(draft), again: false }))
      return await this.#parts.tasks.add(drafts, async (tx, fresh) => {
        if (maker.lead !== null) checkCap(files.team, maker.lead, (await tx.tasks.madeBy(maker.by)) + fresh)
      })
    })
  }

  /** What begins a task once more. By the worker that was made for it, if that is there; one that was called so later knows nothing of it, and may work elsewhere. */
  async again({ n, agent, wish }: Task): Promise<TaskTurn & { type: 'again' }> {
    if (agent === null || wish.agent !== null) return { type: 'again' }
    const its = await this.#parts.store.read((db) => db.tasks.list({ agent, limit: mostOfOne }))
    if (!its.some((other) => other.n > n && other.wish.agent === null)) return { type: 'again' }
    const [project = '', name = ''] = agent.split(':')
    return { type: 'again', agent: `${project}:${workerName(name, await this.#taken(this.#parts.files().team))}` }
  }

  #checkUp(): TeamFiles {
    if (this.#parts.desired.applied === null) throw new TroupeError('failed', 'the team is not up', { hint: 'troupe up' })
    return this.#parts.files()
  }

  async #drafts(orders: readonly Order[], maker: Maker, files: TeamFiles): Promise<TaskDraft[]> {
    const taken = await this.#taken(files.team)
    const ids = new Map<string, string>()
    const drafts: TaskDraft[] = []
    for (const order of orders) {
      const id = newTaskId()
      const earlier = order.key === undefined ? undefined : await this.#parts.store.read((db) => db.tasks.byKey(order.key ?? ''))
      if (order.key !== undefined && !ids.has(order.key)) ids.set(order.key, earlier?.id ?? id)
      const after = await Promise.all((order.after ?? []).map(async (name) => ids.get(name) ?? (await this.#parts.store.read((db) => this.#parts.tasks.find(db, name))).id))
      if (after.includes(id)) throw new TroupeError('usage', `the task "${order.key ?? ''}" would wait for itself`, { hint: 'name another one, or none' })
      const who = earlier === undefined ? this.#who(order, maker, files.team, taken) : { wish: earlier.wish, project: earlier.project, agent: earlier.agent }
      drafts.push({ id, key: order.key ?? null, title: order.title ?? titleOf(order.task), text: order.task, source: maker.source, by: maker.by, origin: order.origin ?? null, after, taint: maker.taint, ...who })
    }
    return drafts
  }

  /** Names of agents and projects, and of workers that are still to be made. */
  async #taken(team: Team): Promise<Set<string>> {
    const { desired, store, agents: states } = this.#parts
    const open = await store.read((db) => db.tasks.open())
    const going = desired.leaving.filter(({ address }) => states.get(address).incarnation !== null)
    const agents = [...agentsOf(team), ...agentsOf(desired.team), ...going].map(({ id }) => id)
    return new Set([...agents, ...team.projects.map(({ id }) => id), ...open.flatMap(({ agent }) => (agent === null ? [] : [agent.slice(agent.indexOf(':') + 1)])), 'user', 'troupe', 'all'])
  }

  #who(order: Order, maker: Maker, team: Team, taken: Set<string>): Pick<TaskDraft, 'wish' | 'project' | 'agent'> {
    if (order.agent !== undefined) {
      const worker = resolveAgent(team, order.agent, maker.lead?.project)
      if (order.resumeSession !== undefined) throw new TroupeError('usage', `${worker.address} is there already, with the conversation that it has`, { hint: `troupe resume ${worker.address}` })
      return { project: worker.project, agent: worker.address, wish: { ...noWish, agent: worker.address } }
    }
    const project = maker.lead?.project ?? projectOf(team, order.project)
    const free = workerName(order.title ?? order.task, taken)
    if (order.name !== undefined) checkWorkerName(order.name, taken, free)
    const name = order.name ?? free
    taken.add(name)
    const cwd = team.projects.find(({ id }) => id === project)?.cwd ?? team.root
    const lead = maker.lead ?? leadOf(team, project)
    return { project, agent: `${project}:${name}`, wish: completeWish(wishOf(order, name), lead, cwd, team) }
  }

  async #check(drafts: readonly TaskDraft[], { lead, source }: Maker, { team }: TeamFiles): Promise<void> {
    const limit = team.limits.messageBytes
    for (const { text, title } of drafts) {
      const size = Buffer.byteLength(text)
      if (text.trim() === '') throw new TroupeError('usage', 'the task is empty', { hint: 'say what is to be done' })
      if (size > limit) throw new TroupeError('too_large', `the task "${title}" is ${size} bytes, the limit is ${limit}`, { hint: 'put it into a file and name the file, or raise limits.message_bytes in team-compose.yaml', facts: { size, limit, rule: teamRule('limits.message_bytes') } })
    }
    const fresh = drafts.filter(({ wish }) => wish.agent === null)
    await checkHires(this.#parts.hiring, fresh.filter(({ agent }) => agent !== null && findAgent(team, agent) === undefined).map((draft) => {
      const boss = lead ?? leadOf(team, draft.project)
      return { name: draft.wish.name ?? '', project: draft.project, wish: draft.wish, lead: boss, byLead: source === 'lead', entry: entryOf({ ...draft, n: 0 }, boss) }
    }))
  }
}

/** Tasks of one worker's name that are looked at. */
const mostOfOne = 1_000

/** What a task has that was not made. */
function notMade(draft: TaskDraft): Task {
  return { ...draft, n: 0, message: null, attempts: 0, state: { name: 'queued', why: 'nothing was made: this was a try', held: false }, result: null, evidence: [], createdAt: 0, changedAt: 0, startedAt: null, endedAt: null }
}

/** T22: a lead that goes in circles comes to an end. */
function checkCap({ maxSpawns }: Team, lead: Agent, wanted: number): void {
  if (wanted <= maxSpawns) return
  throw new TroupeError('denied', `${lead.address} may make ${maxSpawns} tasks, all told, and this would be number ${wanted}`, {
    hint: 'do the rest yourself, or ask your user',
    facts: { agent: lead.address, limit: maxSpawns, rule: teamRule('max_spawns') },
  })
}

/** Throws `denied`: an agent makes workers only where its team's files say so. */
export function checkMaySpawn(lead: Agent): void {
  if (lead.canSpawn && lead.role === 'manager') return
  throw new TroupeError('denied', `${lead.address} may not make workers`, { hint: 'do it yourself, or ask your manager', facts: { agent: lead.address, rule: agentRule(lead, 'can_spawn') } })
}

function projectOf(team: Team, named: string | undefined): string {
  const ids = team.projects.map(({ id }) => id)
  if (named !== undefined) {
    if (ids.includes(named)) return named
    throw new TroupeError('unknown', `there is no project "${named}"`, { hint: `the projects are ${ids.join(', ')}`, facts: { project: named } })
  }
  const [only, ...others] = ids
  if (only !== undefined && others.length === 0) return only
  throw new TroupeError('usage', ids.length === 0 ? 'the team has no project' : `the team has ${ids.length} projects`, { hint: `--project ${ids.join(' | ')}` })
}

function wishOf(order: Order, name: string): Wish {
  const { runtime = null, model = null, effort = null, mode, cwd = null, worktree = null, resumeSession: session = null } = order
  if (session !== null && worktree === true) throw new TroupeError('usage', 'a conversation that is resumed belongs to the folder it was begun in, and a new worktree is another', { hint: 'leave --worktree or --resume-session out' })
  return { agent: null, name, runtime, model, effort, mode: checkMode(mode), cwd, worktree: session === null ? worktree : false, session }
}

const modes: readonly Mode[] = ['terminal', 'protocol', 'oneshot']

function checkMode(mode: string | undefined): Mode | null {
  if (mode === undefined) return null
  const found = modes.find((each) => each === mode)
  if (found !== undefined) return found
  throw new TroupeError('usage', `there is no mode "${mode}"`, { hint: `take ${modes.join(', ')}`, facts: { mode } })
}

