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

/** The tasks that are named, or what each worker that is named has, or has still to do. No names: all that are open, and what each worker was last at work on. */
async function chosen({ team, tasks }: WaitingParts, db: Reader, { names, since }: Asked): Promise<Task[]> {
  if (names.length === 0) {
    const newest = await db.tasks.inHand(agentsOf(team()).map(({ address }) => address))
    const all = new Map([...(await db.tasks.open()), ...newest].map((task) => [task.id, task]))
    return [...all.values()].filter(({ state, endedAt }) => state.name !== 'cancelled' || (since !== undefined && endedAt !== null && endedAt >= since)).toSorted((a, b) => a.n - b.n)
  }
  const found = new Map<string, Task>()
  for (const name of names) {
    const named = await taskOf(db, team(), tasks, name)
    for (const task of named) found.set(task.id, task)
  }
  return [...found.values()]
}

/** A worker that is still to be made is known by its task. Throws `unknown`. */
async function taskOf(db: Reader, team: Team, tasks: Tasks, name: string): Promise<Task[]> {
  if (/^#?\d+$/.test(name)) return [await tasks.find(db, name)]
  const reserved = (await db.tasks.open()).filter(({ agent }) => agent === name || agent?.split(':')[1] === name)
  return reserved.length > 0 ? reserved : await db.tasks.inHand([resolveAgent(team, name).address])
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
