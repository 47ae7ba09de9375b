import { v7 as uuid } from 'uuid'
import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import { sha256 } from '../../core/event.ts'
import { isOpenTask, turnTask, type Task, type TaskTurn } from '../../core/task.ts'
import type { Reader, Store, Tx } from '../../store/store.ts'
import { randomBytes16 } from '../../util/random.ts'

/** What a maker says of a task; the rest follows from it. */
export type TaskDraft = Pick<Task, 'id' | 'key' | 'project' | 'title' | 'text' | 'source' | 'by' | 'origin' | 'after' | 'wish' | 'agent' | 'taint'>

export function newTaskId(): string {
  return uuid({ random: randomBytes16() })
}

/** The one owner of tasks: each change is durable, with its line in the journal, before anybody is told of it. */
export class Tasks {
  readonly #store: Store
  readonly #clock: Clock
  readonly #listeners = new Set<(task: Task) => void>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Told after each durable change. Returns the way out. */
  subscribe(listener: (task: Task) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** All of them or none. One whose key is known is the task that has it: `again`. `check` throws where they may not be made. */
  async add(drafts: readonly TaskDraft[], check: (tx: Tx, fresh: number) => Promise<void> = async () => undefined): Promise<{ task: Task; again: boolean }[]> {
    const made = await this.#store.write(async (tx) => {
      const known = new Map<string, Task>()
      const keys = new Set(drafts.flatMap(({ key }) => (key === null ? [] : [key])))
      for (const key of keys) {
        const task = await tx.tasks.byKey(key)
        if (task !== undefined) known.set(key, task)
      }
      await check(tx, drafts.filter(({ key }) => key === null).length + keys.size - known.size)
      const all: { task: Task; again: boolean }[] = []
      for (const draft of drafts) {
        const earlier = draft.key === null ? undefined : known.get(draft.key)
        const task = earlier === undefined ? await this.#insert(tx, draft) : same(earlier, draft)
        if (draft.key !== null) known.set(draft.key, task)
        all.push({ task, again: earlier !== undefined })
      }
      return all
    })
    for (const { task, again } of made) if (!again) this.#tell(task)
    return made
  }

  async #insert(tx: Tx, draft: TaskDraft): Promise<Task> {
    const at = this.#clock.now()
    const state = { name: 'queued', why: 'its turn', held: false } as const
    const task = await tx.tasks.insert({ ...draft, message: null, attempts: 0, state, result: null, evidence: [], createdAt: at, changedAt: at, startedAt: null, endedAt: null })
    const { n, source, by, agent, after, text, taint } = task
    await tx.journal({ type: 'task.queued', subject: task.id, agent, data: { n, source, by, after, bytes: Buffer.byteLength(text), sha256: sha256(text), ...(taint.length > 0 ? { taint } : {}) } })
    return task
  }

  /** The task after it; null where it changes nothing. */
  async change(id: string, event: TaskTurn | ((task: Task) => TaskTurn | null)): Promise<Task | null> {
    const after = await this.#store.write(async (tx) => {
      const before = await tx.tasks.get(id)
      const turn = before === undefined ? null : typeof event === 'function' ? event(before) : event
      const next = before === undefined || turn === null ? null : turnTask(before, turn, this.#clock.now())
      if (before === undefined || next === null || !(await tx.tasks.update(before, next))) return null
      await journal(tx, before, next)
      await this.#close(tx, next)
      return next
    })
    if (after !== null) this.#tell(after)
    return after
  }

  /** A message that was written for a task that was taken back meanwhile. */
  async withdraw(message: string, agent: string): Promise<void> {
    await this.#store.write(async (tx) => await withdraw(tx, message, agent))
  }

  /** T13: what is over is not shown to a later run. */
  async #close(tx: Tx, { message, agent, n, state }: Task): Promise<void> {
    if (message === null || agent === null) return
    if (state.name === 'cancelled') return await withdraw(tx, message, agent)
    if (state.name !== 'done' && !(state.name === 'failed' && state.confidence === 'certain')) return
    if (!(await tx.deliveries.update(message, agent, ['delivered', 'queued'], { state: 'acked', ackedAt: this.#clock.now() }))) return
    await tx.journal({ type: 'delivery.acked', subject: message, agent, data: { to: agent, task: n } })
  }

  /** By number, UUID or key. Throws `unknown`. */
  async find(db: Reader, id: string): Promise<Task> {
    const number = /^#?(\d{1,15})$/.exec(id)?.[1]
    const found = number === undefined ? ((await db.tasks.get(id)) ?? (await db.tasks.byKey(id))) : await db.tasks.byN(Number(number))
    if (found !== undefined) return found
    throw new TroupeError('unknown', `there is no task ${id}`, { hint: 'troupe tasks lists them', facts: { id } })
  }

  #tell(task: Task): void {
    for (const listener of this.#listeners) listener(task)
  }
}

async function withdraw(tx: Tx, message: string, agent: string): Promise<void> {
  const reason = 'its task was taken back'
  if (!(await tx.deliveries.update(message, agent, ['delivered', 'queued'], { state: 'dead', reason }))) return
  await tx.journal({ type: 'delivery.dead', subject: message, agent, data: { to: agent, reason } })
}

function same(earlier: Task, draft: TaskDraft): Task {
  if (earlier.text === draft.text) return earlier
  throw new TroupeError('conflict', `the key "${draft.key}" was used for another task (#${earlier.n})`, { hint: 'use a new key for new words', facts: { id: earlier.id, n: earlier.n } })
}

/** Ids, numbers and hashes: what a worker said stays in its row. */
async function journal(tx: Tx, before: Task, after: Task): Promise<void> {
  const { id, n, agent, state, message, result, attempts } = after
  const write = async (type: string, data: Record<string, unknown>): Promise<void> => await tx.journal({ type: `task.${type}`, subject: id, agent, data: { n, ...data } })
  if (JSON.stringify(before.state) !== JSON.stringify(state)) {
    const { name, ...rest } = state
    await write(name, { ...rest, was: before.state.name, ...(isOpenTask(before) ? {} : { again: true }), ...(name === 'assigned' ? { attempt: attempts } : {}) })
  }
  if (before.message !== message && message !== null) await write('sent', { message })
  if (before.result !== result && result !== null) await write('result', { bytes: Buffer.byteLength(result), sha256: sha256(result) })
}
