import { sql, type Selectable, type SqlBool } from 'kysely'
import type { Approval, ApprovalStatus } from '../core/approval.ts'
import { nextNumber } from './counters.ts'
import type { Db } from './engine.ts'
import type { ApprovalTable, Written } from './schema.ts'
import type { ApprovalsReader, Tx } from './store.ts'

/** Word for word the condition of the index `approvals_open`. */
const isOpen = sql<SqlBool>`status in ('pending', 'approved')`

export function approvalsReader(db: Db, team: string): ApprovalsReader {
  const all = () => db.selectFrom('approvals').selectAll().where('team', '=', team)
  return {
    get: async (id) => read(await all().where('id', '=', id).executeTakeFirst()),
    byN: async (n) => read(await all().where('n', '=', n).executeTakeFirst()),
    open: async (hash) => read(await all().where('hash', '=', hash).where(isOpen).executeTakeFirst()),
    due: async (now) => (await all().where(isOpen).where('expires_at', '<=', now).orderBy('n').execute()).map(readRow),
    async nextDue() {
      const row = await db.selectFrom('approvals').select('expires_at').where('team', '=', team).where(isOpen).orderBy('expires_at').limit(1).executeTakeFirst()
      return row?.expires_at ?? null
    },
    async counts(since) {
      const rows = await db.selectFrom('approvals').select(['project', sql<number>`count(*)`.as('number')]).where('team', '=', team).where('requested_at', '>=', since).groupBy('project').execute()
      return Object.fromEntries(rows.map(({ project, number }) => [project, number]))
    },
    async untold() {
      const query = all().where(sql<SqlBool>`told = 0`).where('status', 'in', ['approved', 'denied', 'expired'])
      return (await query.orderBy('n').execute()).map(readRow)
    },
    async list({ agent, pending, limit }) {
      const query = all().orderBy('n', 'desc').limit(limit)
      const chosen = agent === undefined ? query : query.where('agent', '=', agent)
      return (await (pending ? chosen.where('status', '=', 'pending') : chosen).execute()).map(readRow)
    },
  }
}

export function approvalsWriter(db: Db, by: Written): Tx['approvals'] {
  return {
    ...approvalsReader(db, by.team),
    async insert(draft) {
      const approval = { ...draft, n: await nextNumber(db, by.team, 'approval') }
      await db.insertInto('approvals').values({ ...by, ...columns(approval) }).execute()
      return approval
    },
    async update(from, after) {
      const { host, epoch } = by
      const query = db.updateTable('approvals').set({ ...columns(after), host, epoch }).where('team', '=', by.team).where('id', '=', after.id)
      const { numUpdatedRows } = await query.where('status', '=', from).executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

function columns(approval: Approval): Omit<ApprovalTable, keyof Written> {
  const { requestedAt, expiresAt, decidedAt, decidedBy, usedAt, told, taint, ...same } = approval
  return { ...same, requested_at: requestedAt, expires_at: expiresAt, decided_at: decidedAt, decided_by: decidedBy, used_at: usedAt, told: told ? 1 : 0, taint: taint.length === 0 ? null : taint.join(' ') }
}

function read(row: Selectable<ApprovalTable> | undefined): Approval | undefined {
  return row && readRow(row)
}

function readRow(row: Selectable<ApprovalTable>): Approval {
  return {
    id: row.id,
    n: row.n,
    agent: row.agent,
    project: row.project,
    action: row.action,
    scope: row.scope,
    summary: row.summary,
    exact: row.exact,
    hash: row.hash,
    origin: row.origin as Approval['origin'],
    status: row.status as ApprovalStatus,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
    note: row.note,
    usedAt: row.used_at,
    told: row.told === 1,
    taint: row.taint === null ? [] : row.taint.split(' '),
  }
}
