import { realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readTeamFile, withWorkers, type WorkerEntry } from '../../config/workers.ts'
import { load } from '../../config/load.ts'
import { readText } from '../../config/text.ts'
import { didYouMean } from '../../core/nearest.ts'
import { TroupeError } from '../../core/error.ts'
import type { Health } from '../../core/runtime.ts'
import { referredTask, taskInFile, type Task, type Wish } from '../../core/task.ts'
import { findAgent, type Agent, type PermissionMode, type Team } from '../../core/team.ts'
import { runtimeOf } from '../../runtimes/provider-words.ts'
import { notAModel } from '../../runtimes/models.ts'
import { runtimeNames } from '../../runtimes/index.ts'
import type { Store } from '../../store/store.ts'
import { isInside } from '../../util/open-regular.ts'
import { known, type TeamFiles } from '../read-team.ts'
import type { Conversations } from './conversations.ts'

export interface HiringParts {
  root: string
  files(): TeamFiles
  healthOf(agent: Agent): Promise<Health>
  rehearses(): boolean
  conversations: Conversations
}

/** Whom a new worker works for: its lead, if the project has one. */
export function leadOf(team: Team, project: string): Agent | null {
  const managers = team.projects.find(({ id }) => id === project)?.agents.filter(({ role }) => role === 'manager') ?? []
  return managers.find(({ canSpawn }) => canSpawn) ?? managers[0] ?? null
}

/** A wish with what was left out: as the lead runs. A model belongs to its runtime and goes to no other. */
export function completeWish(wish: Wish, lead: Agent | null, cwd: string, { workerMode }: Pick<Team, 'workerMode'>): Wish {
  const runtime = (wish.runtime === null ? null : runtimeOf(wish.runtime, runtimeNames.ready)) ?? lead?.runtime ?? runtimeNames.default
  const alike = lead !== null && lead.runtime === runtime
  return {
    ...wish,
    runtime,
    model: wish.model ?? (alike ? lead.model : null),
    effort: wish.effort ?? (alike ? lead.effort : null),
    mode: wish.mode ?? workerMode,
    cwd: wish.cwd === null ? null : resolve(cwd, wish.cwd),
  }
}

const strictness: readonly PermissionMode[] = ['plan', 'confirm', 'manual', 'auto', 'bypass']

/** The lines below `workers:` for the worker of a task. One that a lead made may do no more than the lead itself. */
export function entryOf({ id, n, text, wish, source }: Pick<Task, 'id' | 'n' | 'text' | 'wish' | 'source'>, lead: Agent | null): WorkerEntry {
  const { runtime, model, effort, mode, cwd } = wish
  const stricter = lead !== null && strictness.indexOf(lead.permissionMode) < strictness.indexOf('auto')
  const budget = lead === null ? {} : { ...(lead.budget.dailyUsdLimit === null ? {} : { daily_usd_limit: lead.budget.dailyUsdLimit }), ...(lead.budget.runUsdLimit === null ? {} : { run_usd_limit: lead.budget.runUsdLimit }) }
  return {
    runtime: runtime ?? runtimeNames.default,
    ...(model === null ? {} : { model }),
    ...(effort === null ? {} : { effort }),
    ...(mode === null || mode === 'terminal' ? {} : { mode }),
    ...(mode === 'oneshot' ? { task: taskInFile(id, runText({ id, n, text, source }, lead)) } : { restart: 'on-failure' }),
    ...(cwd === null ? {} : { cwd }),
    ...(wish.worktree === null ? {} : { worktree: wish.worktree }),
    ...(lead === null ? {} : { reports_to: lead.id, can_dm: [lead.id] }),
    ...(stricter ? { permission_mode: lead.permissionMode } : {}),
    ...(source === 'lead' && lead !== null && lead.autonomy !== 'low_risk_only' && lead.autonomy !== 'full' ? { autonomy: lead.autonomy } : {}),
    ...(source === 'lead' && Object.keys(budget).length > 0 ? { budget } : {}),
    spawned: true,
  }
}

/** What a one-shot worker is started with. */
export function runText({ id, n, text, source }: Pick<Task, 'id' | 'n' | 'text' | 'source'>, lead: Agent | null): string {
  return source === 'lead' && lead !== null ? fromLead(n, id, text, lead) : text
}

/** Whom the worker of a task works for: who made it, or whoever leads the project now. */
export function leadOfTask(team: Team, { by, project }: Pick<Task, 'by' | 'project'>): Agent | null {
  return (by === 'user' ? undefined : findAgent(team, by)) ?? leadOf(team, project)
}

/** A one-shot worker with the text of its task, also where that is too long for the team's files. Throws `config` where nobody knows it. */
export async function withTask(store: Store, team: Team, agent: Agent): Promise<Agent> {
  const id = agent.task === null ? null : referredTask(agent.task)
  if (id === null) return agent
  const task = await store.read((db) => db.tasks.get(id))
  if (task?.agent !== agent.address) throw new TroupeError('config', `the text of the task of ${agent.address} is not in the database of this team`, { hint: `troupe spawn makes another worker with it, or write it as task: in the project’s file`, facts: { agent: agent.address, task: id } })
  return { ...agent, task: runText(task, leadOfTask(team, task)) }
}

/** A one-shot worker is started with it as if a person had said it: the header says that it was not. */
function fromLead(n: number, id: string, text: string, lead: Agent): string {
  return `[task #${n} · from ${lead.address}, your lead, not your user · trust lead · ${id}]\n${text}`
}

/**
 * Everything that can be known before anything starts: the entries are put into the files in thought, and the files read
 * as ever. Throws `config` where the files are wrong already, `usage` for a wish that cannot be granted.
 */
export async function checkHires(parts: HiringParts, hires: readonly { name: string; project: string; entry: WorkerEntry; wish: Wish; lead: Agent | null; byLead: boolean }[]): Promise<void> {
  if (hires.length === 0) return
  const files = parts.files()
  for (const { project, wish, lead, byLead } of hires) {
    checkModel(wish)
    checkFolder(wish, files.team, project, byLead ? lead : null)
  }
  const byFile = Map.groupBy(hires, ({ project }) => fileOf(files, project))
  const texts = new Map([...byFile].map(([file, own]) => [file, withWorkers(readTeamFile(file), new Map(own.map(({ name, entry }) => [name, entry])))]))
  const { team, diagnostics } = load(parts.root, known, (file) => sized(texts.get(file)) ?? readText(file))
  const wrong = diagnostics.find(({ severity }) => severity === 'error')
  if (team === null) throw new TroupeError('usage', wrong?.message ?? 'the worker does not fit into the team’s files', { ...(wrong?.hint == null ? {} : { hint: wrong.hint }), facts: { workers: hires.map(({ name }) => name) } })
  for (const { name, project, wish } of hires) {
    const agent = findAgent(team, `${project}:${name}`)
    if (agent === undefined) throw new TroupeError('internal', `${name} is not in the files that were made for it`)
    await checkRuntime(parts, agent, wish)
    if (wish.session !== null) await parts.conversations.check(agent, wish.session)
  }
}

export function fileOf(files: TeamFiles, project: string): string {
  const file = files.projectFiles.get(project)
  if (file !== undefined) return file
  throw new TroupeError('unknown', `there is no project "${project}"`, { hint: didYouMean(project, [...files.projectFiles.keys()], 'projects'), facts: { project } })
}

function sized(text: string | undefined): ReturnType<typeof readText> | null {
  if (text === undefined) return null
  return Buffer.byteLength(text) > largest ? { problem: `would have more than ${largest} bytes with the text of the task` } : { text }
}

/** As files of a team are read. */
const largest = 1024 * 1024

async function checkRuntime({ healthOf, rehearses }: HiringParts, agent: Agent, { runtime }: Wish): Promise<void> {
  if (agent.descriptor === null && !runtimeNames.ready.includes(agent.runtime)) {
    throw new TroupeError('usage', `the runtime \`${runtime}\` cannot be used in this version`, { hint: `use one of ${runtimeNames.ready.join(', ')}`, facts: { runtime } })
  }
  // In a rehearsal a scripted agent stands in for what is not there.
  const { problem } = rehearses() ? { problem: null } : await healthOf(agent)
  if (problem !== null) throw new TroupeError('failed', `no ${agent.runtime} agent can be started: ${problem.why}`, { hint: problem.fix, facts: { runtime: agent.runtime } })
}

function checkModel({ runtime, model }: Wish): void {
  const such = runtime === null || model === null ? null : notAModel(runtime, model)
  if (such !== null) throw new TroupeError('usage', `${model} is no model of ${runtime}`, { hint: `take ${such}`, facts: { runtime, model } })
}

/** A lead's workers stay where the lead works. */
function checkFolder({ cwd }: Wish, team: Team, project: string, lead: Agent | null): void {
  if (cwd === null) return
  const base = team.projects.find(({ id }) => id === project)?.cwd ?? team.root
  if (cwd.includes('\0') || !isFolder(cwd)) throw new TroupeError('usage', `the working folder ${cwd} is not there`, { hint: `mkdir -p ${cwd}, or take one below ${base}`, facts: { cwd } })
  if (lead === null || isInside(realpathSync(lead.cwd), realpathSync(cwd))) return
  throw new TroupeError('denied', `${cwd} does not lie in the folder of ${lead.address}`, { hint: `take ${lead.cwd}, or a folder below it`, facts: { cwd } })
}

function isFolder(path: string): boolean {
  try {
    return statSync(join(path)).isDirectory()
  } catch {
    return false // not there, or not to be seen
  }
}
