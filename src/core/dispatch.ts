import { isAtWork, type Task, type TaskTurn } from './task.ts'

/** Why a task is not at its turn. `held`: that does not change by itself. */
export interface Wait {
  why: string
  held: boolean
}

/** What the dispatcher looks at. */
export interface Field {
  /** Every task that is not over, oldest first. */
  open: readonly Task[]
  /** What any of them waits for, by id; absent: nobody knows such a task. */
  byId: ReadonlyMap<string, Pick<Task, 'n' | 'state'>>
  maxWorkers: number
  /** Of a worker that is there already: it can be given something now; else why not. */
  free(address: string): true | Wait
}

export type Decision = { id: string; turn: TaskTurn & { type: 'queue' | 'assign' } }

/**
 * Which tasks come to their turn, in the order of their numbers, and why the others do not. A task that failed holds those
 * that come after it, and no others. A worker has one task at a time.
 */
export function dispatch({ open, byId, maxWorkers, free }: Field): Decision[] {
  const busy = new Set(open.filter(isAtWork).map(({ agent }) => agent))
  let atWork = open.filter(isAtWork).length
  const decisions: Decision[] = []
  for (const { id, agent, state, after, wish } of open) {
    if (state.name !== 'queued' || agent === null) continue
    const wait = behind(after, byId) ?? (busy.has(agent) ? { why: `${agent} to be done with what it has`, held: false } : null) ?? standing(wish.agent, free)
    const why = wait ?? (atWork >= maxWorkers ? { why: `a worker to be free (${atWork} of ${maxWorkers} at work)`, held: false } : null)
    if (why !== null) {
      if (state.why !== why.why || state.held !== why.held) decisions.push({ id, turn: { type: 'queue', ...why } })
      continue
    }
    atWork += 1
    busy.add(agent)
    decisions.push({ id, turn: { type: 'assign', agent } })
  }
  return decisions
}

function standing(agent: string | null, free: Field['free']): Wait | null {
  const can = agent === null ? true : free(agent)
  return can === true ? null : can
}

function behind(after: readonly string[], byId: Field['byId']): Wait | null {
  const before = after.map((id) => byId.get(id))
  const over = before.find((task) => task === undefined || task.state.name === 'failed' || task.state.name === 'cancelled')
  if (over !== undefined) return { why: `held: #${over.n} ${over.state.name === 'failed' ? 'failed' : 'was cancelled'}`, held: true }
  if (before.includes(undefined)) return { why: 'held: what it comes after is not there any more', held: true }
  const held = before.find((task) => task?.state.name === 'queued' && task.state.held)
  if (held !== undefined) return { why: `held: #${held.n} is held`, held: true }
  const open = before.filter((task) => task?.state.name !== 'done')
  return open.length === 0 ? null : { why: open.map((task) => `#${task?.n}`).join(', '), held: false }
}
