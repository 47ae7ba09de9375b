import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { taskDetail } from '../../core/task.ts'
import { agentsOf, type Agent } from '../../core/team.ts'
import type { Caller, Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { checkMaySpawn } from '../tasks/orders.ts'
import { taskRows, workerRows } from '../tasks/rows.ts'
import { cancelOf, one, ownTask } from './task.ts'
import { self } from './tools.ts'

type Names = 'spawn_worker' | 'workers' | 'task_result' | 'stop_worker' | 'task_done' | 'task_failed'

/** A lead and its workers, by their tools. */
export function workers(parts: Parts): Pick<Handlers, Names> {
  const { orders, store, tasks } = parts

  function lead(caller: Caller): Agent {
    const { agent } = self(parts, caller)
    checkMaySpawn(agent)
    return agent
  }

  const own = (agent: Agent): Agent[] => agentsOf(parts.team()).filter(({ reportsTo, spawned }) => spawned && reportsTo === agent.address)

  async function say(caller: Caller, state: 'done' | 'failed', text: string | null): Promise<{ task: number }> {
    const { agent } = self(parts, caller)
    const task = await ownTask(parts, agent)
    const verdict = { state, what: text ?? 'its worker said so', confidence: 'certain', source: 'tool', since: parts.clock.now(), person: false } as const
    const words = text === null ? null : await tasks.change(task.id, { type: 'words', text })
    const after = await tasks.change(task.id, { type: 'verdict', verdict: { ...verdict, what: state === 'failed' ? verdict.what.slice(0, mostWhy) : 'its worker said so' } })
    if (after === null && words === null) throw new TroupeError('conflict', `task #${task.n} is over: it is ${task.state.name}`, { hint: 'nothing is left to say of it' })
    return { task: task.n }
  }

  return {
    spawn_worker: async ({ after = [], ...order }, { caller }) => {
      const agent = lead(caller)
      const taint = await parts.chains.taintOf(agent.address)
      const key = order.key === undefined ? {} : { key: `${agent.address} ${order.key}` }
      const task = one(await orders.take([{ ...order, ...key, after: after.map(String) }], { source: 'lead', by: agent.address, lead: agent, taint }))
      return { agent: task.agent ?? '', task: task.n, state: task.state.name, detail: taskDetail(task) }
    },
    workers: async (_input, { caller }) => {
      const agent = lead(caller)
      return await store.read(async (db) => ({
        workers: await workerRows(db, parts.agents, own(agent)),
        queued: await taskRows(db, (await db.tasks.open()).filter(({ by, state }) => by === agent.address && state.name === 'queued')),
      }))
    },
    task_result: async ({ task: n }, { caller }) => {
      const agent = lead(caller)
      const task = await store.read((db) => tasks.find(db, String(n)))
      const mine = task.by === agent.address || own(agent).some(({ address }) => address === task.agent)
      if (!mine) throw new TroupeError('denied', `task #${n} is not one of yours`, { hint: 'the tool workers lists them' })
      return { task: task.n, agent: task.agent, state: task.state.name, detail: taskDetail(task), result: task.result }
    },
    stop_worker: async ({ agent: name }, { caller }) => {
      const agent = lead(caller)
      const worker = resolveAgent(parts.team(), name, agent.project)
      if (!own(agent).includes(worker)) throw new TroupeError('denied', `${worker.address} is no worker of yours`, { hint: 'the tool workers lists them' })
      const cancelled = await cancelOf(parts, [worker.address], `stopped by ${agent.address}`)
      await parts.lifecycle.stop([worker.address], null)
      return { agent: worker.address, cancelled: cancelled.map(({ n }) => n) }
    },
    task_done: async ({ result }, { caller }) => await say(caller, 'done', result ?? null),
    task_failed: async ({ why }, { caller }) => await say(caller, 'failed', why),
  }
}

/** Of the reason that stands in lists, characters. */
const mostWhy = 300
