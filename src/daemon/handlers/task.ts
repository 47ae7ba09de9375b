import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { interruptSignal, isAtWork, isInterrupted, isOpenTask, type Task } from '../../core/task.ts'
import { findAgent, type Agent } from '../../core/team.ts'
import type { Output } from '../../api/index.ts'
import type { TaskRow } from '../../api/task.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { clear } from '../tasks/clearing.ts'
import type { Reader } from '../../store/store.ts'
import type { Made, Maker, Order } from '../tasks/orders.ts'
import { taskRow, taskRows } from '../tasks/rows.ts'
import { waitFor } from '../tasks/waiting.ts'

type Names = 'task.add' | 'task.list' | 'task.show' | 'task.cancel' | 'task.again' | 'spawn' | 'resume' | 'clear' | 'wait'

const operator: Omit<Maker, 'source'> = { by: 'user', lead: null, taint: [] }

/** Workers and tasks as operators see them. */
export function tasks(parts: Parts): Pick<Handlers, Names> {
  const { orders, store } = parts
  return {
    'task.add': async (input) => {
      if (!input.dryRun) hold(parts, input.env)
      return { tasks: await madeRows(parts, await orders.take(input.tasks, { ...operator, source: input.source }, input.dryRun)) }
    },
    'task.list': async ({ agent, keys, limit }) =>
      await store.read(async (db) => {
        if (keys !== undefined) return await taskRows(db, (await Promise.all(keys.map((key) => db.tasks.byKey(key)))).filter((task) => task !== undefined))
        return await taskRows(db, await db.tasks.list({ limit, ...(agent === undefined ? {} : { agent: workerAddress(parts, agent) }) }))
      }),
    'task.show': async ({ id }) =>
      await store.read(async (db) => {
        const task = await parts.tasks.find(db, id)
        const [row] = await taskRows(db, [task])
        if (row === undefined) throw new TroupeError('internal', `no row for task ${id}`)
        return { ...row, text: task.text, result: task.result, evidence: task.evidence, message: task.message }
      }),
    'task.cancel': async ({ id }) => await cancel(parts, id),
    'task.again': async ({ id }) => {
      const task = await store.read((db) => parts.tasks.find(db, id))
      // In the turn of those who choose names.
      const again = await parts.dispatcher.edit(async () => await parts.tasks.change(task.id, await orders.again(task)))
      if (again === null) throw new TroupeError('conflict', `task #${task.n} is not over: it is ${task.state.name}`, { hint: `troupe stop ${task.agent}, or wait` })
      return await rowOf(parts, again.id)
    },
    spawn: async ({ timeoutMs, env, ...order }, { signal }) => {
      hold(parts, env)
      return await spawn(parts, order, timeoutMs, signal)
    },
    resume: async ({ agent, task }) => {
      const made = await orders.take([{ agent, task }], { ...operator, source: 'cli' })
      const first = one(made)
      return { agent: first.agent ?? agent, task: await rowOf(parts, first.id) }
    },
    clear: async ({ failed }, { signal }) => await clear({ ...parts, files: () => parts.teamFiles(), write: (...of) => parts.writeTeamFile(...of), edit: (work) => parts.dispatcher.edit(work) }, failed, signal),
    wait: async (input, { signal }) => await waitFor(parts, input, signal),
  }
}

/** What a new worker's runtime reads may not have been known when the team came up: it is kept for when the worker's turn comes. */
function hold({ front, clock }: Parts, env: Record<string, string>): void {
  const { held } = front()
  held.renew({ ...held.values?.env, ...env }, clock.now())
}

/** Until the worker is up, or it is plain that the task has to wait for its turn. */
async function spawn(parts: Parts, order: Order, timeoutMs: number, signal: AbortSignal): Promise<Output<'spawn'>> {
  const task = one(await parts.orders.take([order], { ...operator, source: 'cli' }))
  const agent = task.agent ?? ''
  const until = parts.clock.elapsed() + timeoutMs
  await begun(parts, task.id, timeoutMs, signal)
  const declared = findAgent(parts.team(), agent)
  const settled = declared === undefined ? null : await parts.settling.settle([declared], Math.max(0, until - parts.clock.elapsed()), signal)
  return { agent, task: await rowOf(parts, task.id), troubles: settled?.troubles ?? [], notices: settled?.notices ?? [] }
}

/** A task that waits for its turn waits for what others do, and nobody knows how long. */
async function begun(parts: Parts, id: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    const task = await parts.store.read((db) => db.tasks.get(id))
    const waits = task?.state.name === 'queued' && task.state.why !== 'its turn'
    const placed = task !== undefined && (task.state.name !== 'assigned' || task.message !== null || hasRun(parts, task))
    if (task === undefined || waits || (task.state.name !== 'queued' && placed)) resolve()
  }
  const see = (): void => void look().catch(() => resolve()) // the caller reads it once more, and meets the same error
  const leave = [parts.tasks.subscribe(see), parts.agents.subscribe(see), parts.clock.after(timeoutMs, resolve)]
  signal.addEventListener('abort', () => resolve())
  see()
  await promise
  for (const each of leave) each()
}

function hasRun(parts: Parts, { agent }: Task): boolean {
  const found = agent === null ? undefined : findAgent(parts.team(), agent)
  return found?.mode === 'oneshot' && parts.agents.get(found.address).incarnation !== null
}

/** Takes it back; a worker that has it before it is stopped. */
async function cancel(parts: Parts, id: string): Promise<TaskRow> {
  let task = await parts.store.read((db) => parts.tasks.find(db, id))
  const cancelled = await parts.tasks.change(task.id, (now) => {
    task = now
    return { type: 'cancel', why: 'taken back' }
  })
  if (cancelled === null) throw new TroupeError('conflict', `task #${task.n} is over: it is ${task.state.name}`, { hint: 'troupe tasks' })
  if (isAtWork(task) && task.agent !== null && findAgent(parts.team(), task.agent) !== undefined) await parts.lifecycle.stop([task.agent], null)
  return await rowOf(parts, task.id)
}

/** What a worker that is stopped had before it is not done. */
export async function cancelOf(parts: Pick<Parts, 'store' | 'tasks'>, addresses: readonly string[], why: string): Promise<Task[]> {
  const open = (await parts.store.read((db) => db.tasks.open())).filter(({ agent }) => agent !== null && addresses.includes(agent))
  const done = await Promise.all(open.map(({ id }) => parts.tasks.change(id, { type: 'cancel', why })))
  return done.filter((task) => task !== null)
}

/**
 * The end of a turn that a person asked for is no end of its task: written down before that turn ends. Returns the way back,
 * for where it goes on after all.
 */
export async function cutShort({ store, tasks: all, agents, clock }: Pick<Parts, 'store' | 'tasks' | 'agents' | 'clock'>, address: string): Promise<() => Promise<void>> {
  const { name } = agents.get(address).phase
  const [task] = name === 'busy' || name === 'waiting' ? await store.read((db) => db.tasks.inHand([address])) : []
  if (task === undefined || !isAtWork(task) || task.startedAt === null) return async () => undefined
  const verdict = { confidence: 'certain', since: clock.now() } as const
  const what = 'its turn was interrupted: say to it how it goes on, or take the task back'
  await all.change(task.id, { type: 'verdict', verdict: { ...verdict, state: 'waiting', what, source: interruptSignal, person: true } })
  return async () => {
    await all.change(task.id, (now) => (isInterrupted(now) ? { type: 'verdict', verdict: { ...verdict, state: 'working', what: 'at work', source: 'operator', person: false } } : null))
  }
}

export async function rowOf({ store }: Pick<Parts, 'store'>, id: string): Promise<TaskRow> {
  return await store.read(async (db) => {
    const task = await db.tasks.get(id)
    const [row] = task === undefined ? [] : await taskRows(db, [task])
    if (row === undefined) throw new TroupeError('internal', `task ${id} is gone`)
    return row
  })
}

async function madeRows({ store }: Parts, made: Made): Promise<Output<'task.add'>['tasks']> {
  const all = made.map(({ task }) => task)
  const rows = await store.read((db) => taskRows(db, all.filter(({ n }) => n > 0)))
  return made.map(({ task, again }) => ({ ...(rows.find(({ id }) => id === task.id) ?? taskRow(task, () => 0)), again }))
}

export function one(made: Made): Task {
  const [first] = made
  if (first === undefined) throw new TroupeError('internal', 'no task was made')
  return first.task
}

/** Of a worker that is gone too, by its full address. */
function workerAddress(parts: Parts, name: string): string {
  return name.includes(':') ? name : resolveAgent(parts.team(), name).address
}

/** The task that it is at work on, or was last: never one that is still on its way to it, of which it can know nothing. */
export async function ownTask({ store }: Pick<Parts, 'store'>, agent: Agent): Promise<Task> {
  const task = await store.read(async (db) => {
    const [newest] = await db.tasks.inHand([agent.address])
    if (newest === undefined || agent.mode === 'oneshot' || (await hasReached(db, newest, agent.address))) return newest
    return (await db.tasks.list({ agent: agent.address, limit: mostLooked })).find(({ id, attempts, state }) => id !== newest.id && attempts > 0 && state.name !== 'queued')
  })
  if (task !== undefined && (isOpenTask(task) || task.state.name === 'done' || task.state.name === 'failed')) return task
  throw new TroupeError('unknown', `${agent.address} has no task`, { hint: 'answer whoever wrote to you, with dm' })
}

/** Of an agent's tasks, for the one before its newest. */
const mostLooked = 50

/** It stands before its worker; typed where nothing can prove it. */
async function hasReached(db: Reader, task: Task, address: string): Promise<boolean> {
  const { startedAt, message } = task
  if (!isAtWork(task) || startedAt !== null) return true
  const delivery = message === null ? undefined : await db.deliveries.get(message, address)
  return delivery !== undefined && (delivery.typed || delivery.state !== 'queued')
}
