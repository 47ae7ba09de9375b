import { sql, type Selectable, type SqlBool } from 'kysely'
import type { Evidence } from '../core/phase.ts'
import { isAtWork, noWish, type Task, type TaskState, type Wish } from '../core/task.ts'
import { nextNumber } from './counters.ts'
import type { Db } from './engine.ts'
import type { TaskTable, Written } from './schema.ts'
import type { TasksReader, Tx } from './store.ts'

/** Word for word the condition of the index `tasks_open`. */
const isOpen = sql<SqlBool>`state in ('queued', 'assigned', 'working', 'waiting')`

export function tasksReader(db: Db, team: string): TasksReader {
  const all = () => db.selectFrom('tasks').selectAll().where('team', '=', team)
  // As many rows as agents, found by the index, however much they have done.
  async function newestOf(agents: readonly string[], without: readonly number[]): Promise<Task[]> {
    if (agents.length === 0) return []
    const own = db.selectFrom('tasks').select(sql<number>`max(n)`.as('n')).where('team', '=', team).where('agent', 'in', agents).groupBy('agent')
    const newest = without.length === 0 ? own : own.where('n', 'not in', without)
    return (await all().where('n', 'in', newest).execute()).map(readRow)
  }
  const lastBegun = async (agent: string | null): Promise<Task | undefined> =>
    read(await all().where('agent', '=', agent).where('attempts', '>', 0).where('state', '!=', 'queued').orderBy('n', 'desc').limit(1).executeTakeFirst())
  return {
    get: async (id) => read(await all().where('id', '=', id).executeTakeFirst()),
    byN: async (n) => read(await all().where('n', '=', n).executeTakeFirst()),
    byKey: async (key) => read(await all().where('key', '=', key).executeTakeFirst()),
    open: async () => (await all().where(isOpen).orderBy('n').execute()).map(readRow),
    ended: async (since) => (await all().where('ended_at', '>=', since).orderBy('n').execute()).map(readRow),
    async inHand(agents) {
      if (agents.length === 0) return []
      const open = (await all().where(isOpen).where('agent', 'in', agents).execute()).map(readRow)
      const atWork = open.filter(isAtWork)
      const others = agents.filter((address) => !atWork.some(({ agent }) => agent === address))
      const newest = await newestOf(others, open.filter((task) => !isAtWork(task)).map(({ n }) => n))
      // Taken back before its turn: the one before is meant.
      const begun = await Promise.all(newest.map(async (task) => (task.attempts > 0 ? task : await lastBegun(task.agent))))
      return [...atWork, ...begun.filter((task) => task !== undefined)].toSorted((a, b) => a.n - b.n)
    },
    async list({ agent, limit }) {
      const query = all().orderBy('n', 'desc').limit(limit)
      return (await (agent === undefined ? query : query.where('agent', '=', agent)).execute()).map(readRow)
    },
    async madeBy(maker) {
      const row = await db.selectFrom('tasks').select(sql<number>`count(*)`.as('number')).where('team', '=', team).where('maker', '=', maker).executeTakeFirstOrThrow()
      return row.number
    },
  }
}

export function tasksWriter(db: Db, by: Written): Tx['tasks'] {
  return {
    ...tasksReader(db, by.team),
    async insert(draft) {
      const task = { ...draft, n: await nextNumber(db, by.team, 'task') }
      await db.insertInto('tasks').values({ ...by, ...columns(task) }).execute()
      return task
    },
    async update(before, after) {
      const { host, epoch } = by
      const query = db.updateTable('tasks').set({ ...columns(after), host, epoch }).where('team', '=', by.team).where('id', '=', after.id)
      const { numUpdatedRows } = await query.where('state', '=', before.state.name).where('changed_at', '=', before.changedAt).executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

function columns(task: Task): Omit<TaskTable, keyof Written> {
  const { text, by, after, wish, state, evidence, taint, createdAt, changedAt, startedAt, endedAt, ...same } = task
  const { name, ...detail } = state
  return {
    ...same,
    body: text,
    maker: by,
    depends: after.join(' '),
    wish: JSON.stringify(wish),
    state: name,
    detail: JSON.stringify(detail),
    evidence: JSON.stringify(evidence),
    taint: taint.length === 0 ? null : taint.join(' '),
    created_at: createdAt,
    changed_at: changedAt,
    started_at: startedAt,
    ended_at: endedAt,
  }
}

function read(row: Selectable<TaskTable> | undefined): Task | undefined {
  return row && readRow(row)
}

function readRow(row: Selectable<TaskTable>): Task {
  return {
    id: row.id,
    n: row.n,
    key: row.key,
    project: row.project,
    title: row.title,
    text: row.body,
    source: row.source as Task['source'],
    by: row.maker,
    origin: row.origin,
    after: row.depends === '' ? [] : row.depends.split(' '),
    wish: { ...noWish, ...(JSON.parse(row.wish) as Partial<Wish>) }, // rows of older versions know less
    agent: row.agent,
    message: row.message,
    attempts: row.attempts,
    state: { name: row.state, ...(JSON.parse(row.detail) as object) } as TaskState,
    result: row.result,
    evidence: JSON.parse(row.evidence) as Evidence[],
    taint: row.taint === null ? [] : row.taint.split(' '),
    createdAt: row.created_at,
    changedAt: row.changed_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  }
}
