import type { Selectable } from 'kysely'
import type { Db } from './engine.ts'
import type { IncarnationTable, Written } from './schema.ts'
import type { Incarnation, IncarnationsReader, Tx } from './store.ts'

export function incarnationsReader(db: Db, team: string): IncarnationsReader {
  const all = () => db.selectFrom('incarnations').selectAll().where('team', '=', team)
  return {
    async get(id) {
      const row = await all().where('id', '=', id).executeTakeFirst()
      return row && readIncarnation(row)
    },
    async byToken(tokenHash) {
      const row = await all().where('token_hash', '=', tokenHash).where('ended_at', 'is', null).executeTakeFirst()
      return row && readIncarnation(row)
    },
    async live() {
      return (await all().where('ended_at', 'is', null).orderBy('started_at').orderBy('id').execute()).map(readIncarnation)
    },
  }
}

export function incarnationsWriter(db: Db, by: Written): Tx['incarnations'] {
  return {
    ...incarnationsReader(db, by.team),
    async insert(incarnation) {
      await db.insertInto('incarnations').values(incarnationRow(by, incarnation)).execute()
    },
    async update(id, change) {
      const { ended, ...same } = change
      await db
        .updateTable('incarnations')
        .set({ ...same, ...(ended === undefined ? {} : endedColumns(ended)), host: by.host, epoch: by.epoch })
        .where('team', '=', by.team)
        .where('id', '=', id)
        .execute()
    },
  }
}

function readIncarnation(row: Selectable<IncarnationTable>): Incarnation {
  return {
    id: row.id,
    agent: row.agent,
    tokenHash: row.token_hash,
    pane: row.pane,
    pid: row.pid,
    session: row.session,
    startedAt: row.started_at,
    ended: row.ended === null ? null : (JSON.parse(row.ended) as Incarnation['ended']),
  }
}

function incarnationRow(by: Written, incarnation: Incarnation): IncarnationTable {
  return {
    ...by,
    id: incarnation.id,
    agent: incarnation.agent,
    token_hash: incarnation.tokenHash,
    pane: incarnation.pane,
    pid: incarnation.pid,
    session: incarnation.session,
    started_at: incarnation.startedAt,
    ...endedColumns(incarnation.ended),
  }
}

function endedColumns(ended: Incarnation['ended']): Pick<IncarnationTable, 'ended' | 'ended_at'> {
  return ended === null ? { ended: null, ended_at: null } : { ended: JSON.stringify(ended), ended_at: ended.endedAt }
}
