import type { TaskRow, WorkerRow } from '../../api/task.ts'
import { phaseDetail } from '../../core/phase.ts'
import { isOpenTask, taskDetail, type Task } from '../../core/task.ts'
import type { Agent } from '../../core/team.ts'
import type { Reader } from '../../store/store.ts'
import type { Agents } from '../agents.ts'

/** Of a result that stands in a list, characters. */
const shownWords = 2_048

/** As operators see tasks; what they come after is named by number. */
export async function taskRows(db: Reader, tasks: readonly Task[]): Promise<TaskRow[]> {
  const numbers = new Map(tasks.map(({ id, n }) => [id, n]))
  for (const id of new Set(tasks.flatMap(({ after }) => after))) if (!numbers.has(id)) numbers.set(id, (await db.tasks.get(id))?.n ?? 0)
  return tasks.map((task) => taskRow(task, (id) => numbers.get(id) ?? 0))
}

export function taskRow(task: Task, numberOf: (id: string) => number): TaskRow {
  const { id, n, key, project, title, source, by, origin, after, agent, state, attempts, result, createdAt, startedAt, endedAt } = task
  const over = state.name === 'done' || state.name === 'failed' ? state : null
  return {
    ...{ id, n, key, project, title, source, by, origin, agent, attempts, createdAt, startedAt, endedAt },
    after: after.map(numberOf),
    state: state.name,
    detail: taskDetail(task),
    held: state.name === 'queued' && state.held,
    person: state.name === 'waiting' && state.person,
    signal: over?.source ?? null,
    confidence: over?.confidence ?? null,
    result: result === null ? null : result.slice(0, shownWords),
  }
}

export async function workerRows(db: Reader, agents: Agents, workers: readonly Agent[]): Promise<WorkerRow[]> {
  const inHand = await taskRows(db, await db.tasks.inHand(workers.map(({ address }) => address)))
  return workers.map(({ address, runtime, spawned }) => {
    const { phase } = agents.get(address)
    return { agent: address, phase: phase.name, detail: phaseDetail(phase), runtime, spawned, task: inHand.find(({ agent }) => agent === address) ?? null }
  })
}

/** It ends no wait by itself any more: it is over, or what it waits for can never come. */
export function isAtRest(task: Task): boolean {
  return !isOpenTask(task) || (task.state.name === 'queued' && task.state.held)
}
