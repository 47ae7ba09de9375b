import type { Output, Parsed } from '../../api/index.ts'
import { resolveAgent } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { sha256 } from '../../core/event.ts'
import { isOpenTask, taskDetail, type Task } from '../../core/task.ts'
import { agentsOf, type Team } from '../../core/team.ts'
import type { Reader, Store } from '../../store/store.ts'
import { isAtRest, taskRows } from './rows.ts'
import type { Tasks } from './tasks.ts'

export interface WaitingParts {
  store: Store
  clock: Clock
  tasks: Tasks
  team(): Team
}

type Asked = Parsed<'wait'>

/** Answers when what was waited for has come, when something else has changed, or at the end of the time: never by looking again and again. */
export async function waitFor(parts: WaitingParts, asked: Asked, signal: AbortSignal): Promise<Output<'wait'>> {
  const until = parts.clock.elapsed() + asked.timeoutMs
  for (;;) {
    const changed = whenChanged(parts, until - parts.clock.elapsed(), signal)
    try {
      const answer = await parts.store.read(async (db) => await outcome(db, await chosen(parts, db, asked), asked))
      const late = parts.clock.elapsed() >= until
      if (answer.over || late || signal.aborted || answer.cursor !== (asked.seen ?? answer.cursor)) return { ...answer, over: answer.over || late, timedOut: !answer.over && late }
      await changed.promise
    } finally {
      changed.leave()
    }
  }
}

/** Listens before it looks, so that nothing falls between the two. */
function whenChanged({ tasks, clock }: WaitingParts, ms: number, signal: AbortSignal): { promise: Promise<void>; leave(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = (): void => resolve()
  const leave = [tasks.subscribe(wake), clock.after(Math.max(0, ms), wake)]
  signal.addEventListener('abort', wake)
  return { promise, leave: () => (leave.forEach((each) => each()), signal.removeEventListener('abort', wake)) }
}

/**
 * The tasks that are named, or what each worker that is named has, or has still to do. No names: all that are open, and what each worker
 * was last at work on. What ended since the waiting began was waited for, whatever its worker has been given meanwhile.
 */
async function chosen({ team, tasks }: WaitingParts, db: Reader, { names, since }: Asked): Promise<Task[]> {
  const ended = since === undefined ? [] : await db.tasks.ended(since)
  const found = new Map<string, Task>()
  const take = (some: readonly Task[]): void => some.forEach((task) => found.set(task.id, task))
  const current = names.every((name) => isNumber.test(name)) && names.length > 0 ? [] : [...(await db.tasks.open()), ...ended]
  if (names.length === 0) {
    const newest = await db.tasks.inHand(agentsOf(team()).map(({ address }) => address))
    take([...newest.filter(({ state }) => state.name !== 'cancelled'), ...current])
  }
  for (const name of names) take(isNumber.test(name) ? [await tasks.find(db, name)] : await tasksOf(db, team(), name, current))
  return [...found.values()].toSorted((a, b) => a.n - b.n)
}

const isNumber = /^#?\d+$/

/** A worker that is still to be made, or is there no more, is known by its task. Throws `unknown`. */
async function tasksOf(db: Reader, team: Team, name: string, current: readonly Task[]): Promise<Task[]> {
  const reserved = current.filter(({ agent }) => agent === name || agent?.split(':')[1] === name)
  if (reserved.length > 0) return reserved
  const { address } = resolveAgent(team, name)
  const its = current.filter(({ agent }) => agent === address)
  return its.length > 0 ? its : await db.tasks.inHand([address])
}

async function outcome(db: Reader, tasks: Task[], { any, attention }: Asked): Promise<Output<'wait'>> {
  const rows = await taskRows(db, tasks)
  const of = (state: string) => rows.filter((row) => row.state === state)
  const needy = rows.filter(({ person, held }) => person || held)
  const enough = any ? tasks.some((task) => !isOpenTask(task)) : false
  return {
    done: of('done'),
    failed: of('failed'),
    waiting: needy,
    open: rows.filter((row, i) => isOpen(tasks, i) && !needy.includes(row)),
    cancelled: of('cancelled'),
    timedOut: false,
    over: enough || tasks.every(isAtRest) || (attention && rows.some(({ person }) => person)),
    cursor: sha256(JSON.stringify(tasks.map((task) => [task.n, task.state.name, taskDetail(task)]))),
  }
}

function isOpen(tasks: Task[], i: number): boolean {
  const task = tasks[i]
  return task !== undefined && isOpenTask(task)
}
