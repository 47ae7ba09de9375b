import type { TaskStateName } from '../task.ts'
import type { FileTask } from './resolve.ts'
import { match, type Mark } from './write-back.ts'

/** What the daemon knows of a task of the file. */
export interface Known {
  /** The daemon's key: that of the file, and that of the task in it. */
  key: string
  n: number
  title: string
  agent: string | null
  state: TaskStateName
  startedAt: number | null
  endedAt: number | null
}

/** `again`: it has ended, and is begun once more. `limit`: it comes with a later run. */
export type Step = { task: FileTask; row: Known | null } & ({ do: 'add' } | { do: 'again' } | { do: 'skip'; why: 'ticked' | 'under way' | 'done' | 'failed' | 'limit' })

export interface RunOptions {
  /** Also what has ended, whichever way. */
  rerun: boolean
  /** Also what has failed or was cancelled. */
  retry: boolean
  /** At most so many are handed over now; null: all. */
  limit: number | null
}

/** What one run of the file does with each task. The same file a second time does nothing. */
export function planRun(tasks: readonly FileTask[], rows: ReadonlyMap<FileTask, Known>, options: RunOptions): Step[] {
  const wanted = new Map(tasks.map((task) => [task, stepOf(task, rows.get(task) ?? null, options)]))
  const chosen = new Set<FileTask>()
  for (const task of inOrder(tasks)) {
    const step = wanted.get(task)
    if (step === undefined || step.do === 'skip') continue
    const before = tasks.filter(({ key }) => task.after.includes(key))
    const ready = before.every((one) => chosen.has(one) || wanted.get(one)?.do === 'skip')
    if (ready && chosen.size < (options.limit ?? Infinity)) chosen.add(task)
  }
  return tasks.map((task) => {
    const step = wanted.get(task) ?? stepOf(task, null, options)
    return step.do === 'skip' || chosen.has(task) ? step : { task, row: step.row, do: 'skip', why: 'limit' }
  })
}

function stepOf(task: FileTask, row: Known | null, { rerun, retry }: RunOptions): Step {
  if (row === null) return task.done ? { task, row, do: 'skip', why: 'ticked' } : { task, row, do: 'add' }
  switch (row.state) {
    case 'done':
      return rerun ? { task, row, do: 'again' } : { task, row, do: 'skip', why: 'done' }
    case 'failed':
    case 'cancelled':
      if (task.done && !rerun) return { task, row, do: 'skip', why: 'ticked' }
      return rerun || retry ? { task, row, do: 'again' } : { task, row, do: 'skip', why: 'failed' }
    default:
      return { task, row, do: 'skip', why: 'under way' }
  }
}

/** Each task behind those that it waits for; otherwise as in the file. */
export function inOrder(tasks: readonly FileTask[]): FileTask[] {
  const byKey = new Map(tasks.map((task) => [task.key, task]))
  const ordered = new Set<FileTask>()
  const visit = (task: FileTask): void => {
    if (ordered.has(task)) return
    for (const key of task.after) {
      const before = byKey.get(key)
      if (before !== undefined) visit(before)
    }
    ordered.add(task)
  }
  for (const task of tasks) visit(task)
  return [...ordered]
}

/** Keys that a task is handed over with: what a person ticked, and the daemon knows nothing of, is done. */
export function waitsFor(task: FileTask, steps: readonly Step[], prefix: string): string[] {
  return steps
    .filter((step) => task.after.includes(step.task.key) && !(step.do === 'skip' && step.why === 'ticked'))
    .map(({ row, task: { key } }) => row?.key ?? prefix + key)
}

/** Which row is which task's: by its key, else by the worker that its arrow names. */
export function rowsOf(tasks: readonly FileTask[], rows: readonly Known[], prefix: string): Map<FileTask, Known> {
  const items = tasks.map((task) => ({ task, key: prefix + task.key, arrow: task.worker === null ? null : { worker: task.worker, status: null, elapsed: null } }))
  const marks = rows.map((row) => ({ row, key: row.key, arrow: { worker: workerOf(row) ?? '', status: null, elapsed: null } }))
  return new Map([...match(items, marks)].map(([{ task }, { row }]) => [task, row]))
}

/** What is to stand in the file; null where it has no worker yet. `again`: it is begun anew, so that it is not done. */
export function markOf(row: Known, prefix: string, again: boolean): Mark | null {
  const worker = workerOf(row)
  if (worker === null) return null
  const elapsed = row.startedAt === null || row.endedAt === null ? null : minutes(row.endedAt - row.startedAt)
  const box = row.state === 'done' ? 'ticked' : again ? 'open' : null
  return { key: row.key.slice(prefix.length), title: row.title, box, arrow: { worker, status: row.state === 'working' ? 'running' : row.state, elapsed } }
}

function workerOf({ agent }: Known): string | null {
  return agent === null ? null : agent.slice(agent.indexOf(':') + 1)
}

function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`
}
