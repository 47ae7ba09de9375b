import type { Selectable } from 'kysely'
import type { Bridge } from '../core/bridge.ts'
import { bridgeThread } from '../core/bridge.ts'
import { readMessages } from './attachments.ts'
import { nextNumber } from './counters.ts'
import type { Db } from './engine.ts'
import type { BridgeTable, Written } from './schema.ts'
import type { BridgesReader, Tx } from './store.ts'

/** What one look at a bridge's log shows. */
const mostLogged = 10_000

export function bridgesReader(db: Db, team: string): BridgesReader {
  const all = () => db.selectFrom('bridges').selectAll().where('team', '=', team)
  const one = async (query: ReturnType<typeof all>) => {
    const row = await query.executeTakeFirst()
    return row && read(row)
  }
  return {
    get: (id) => one(all().where('id', '=', id)),
    byN: (n) => one(all().where('n', '=', n)),
    open: async () => (await all().where('closed_at', 'is', null).orderBy('n').execute()).map(read),
    list: async (limit) => (await all().orderBy('n', 'desc').limit(limit).execute()).map(read),
    async log({ n, a, b, after }) {
      const ends = [a, b]
      const query = db.selectFrom('messages').selectAll().where('team', '=', team).where('n', '>', after).where('thread_id', '=', bridgeThread(n))
      const rows = await query.where('sender', 'in', ends).where('recipient', 'in', ends).orderBy('n').limit(mostLogged).execute()
      return await readMessages(db, team, rows)
    },
  }
}

export function bridgesWriter(db: Db, by: Written): Tx['bridges'] {
  return {
    ...bridgesReader(db, by.team),
    async insert(draft) {
      const newest = await db.selectFrom('counters').select('value').where('team', '=', by.team).where('kind', '=', 'message').executeTakeFirst()
      const bridge: Bridge = { ...draft, n: await nextNumber(db, by.team, 'bridge'), after: newest?.value ?? 0 }
      await db.insertInto('bridges').values(rowOf(by, bridge)).execute()
      return bridge
    },
    async close(id, at, closedBy) {
      const { team, host, epoch } = by
      const query = db.updateTable('bridges').set({ closed_at: at, closed_by: closedBy, host, epoch }).where('team', '=', team)
      const { numUpdatedRows } = await query.where('id', '=', id).where('closed_at', 'is', null).executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

function rowOf(by: Written, bridge: Bridge): BridgeTable {
  const { id, n, a, b, topic, after } = bridge
  const times = { opened_at: bridge.openedAt, expires_at: bridge.expiresAt, closed_at: bridge.closedAt }
  return { ...by, id, n, a, b, topic, one_way: bridge.oneWay ? 1 : 0, opened_by: bridge.openedBy, closed_by: bridge.closedBy, ...times, after_n: after }
}

function read(found: Selectable<BridgeTable>): Bridge {
  return {
    id: found.id,
    n: found.n,
    a: found.a,
    b: found.b,
    topic: found.topic,
    oneWay: found.one_way === 1,
    openedBy: found.opened_by,
    openedAt: found.opened_at,
    expiresAt: found.expires_at,
    closedAt: found.closed_at,
    closedBy: found.closed_by,
    after: found.after_n,
  }
}
