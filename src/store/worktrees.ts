import type { Selectable } from 'kysely'
import type { KeptWorktree } from '../core/worktree.ts'
import type { Db } from './engine.ts'
import type { WorktreeTable, Written } from './schema.ts'
import type { Tx, WorktreesReader } from './store.ts'

export function worktreesReader(db: Db, team: string): WorktreesReader {
  const all = () => db.selectFrom('worktrees').selectAll().where('team', '=', team)
  return {
    async get(path) {
      const row = await all().where('path', '=', path).executeTakeFirst()
      return row && read(row)
    },
    all: async () => (await all().orderBy('path').execute()).map(read),
  }
}

export function worktreesWriter(db: Db, by: Written): Tx['worktrees'] {
  return {
    ...worktreesReader(db, by.team),
    async put({ madeAt, ...same }) {
      const { team: _team, path: _path, ...values } = { ...by, ...same, made_at: madeAt }
      await db
        .insertInto('worktrees')
        .values({ ...by, ...same, made_at: madeAt })
        .onConflict((conflict) => conflict.columns(['team', 'path']).doUpdateSet(values))
        .execute()
    },
    async remove(path) {
      await db.deleteFrom('worktrees').where('team', '=', by.team).where('path', '=', path).execute()
    },
  }
}

function read({ path, agent, repository, branch, base, state, made_at: madeAt }: Selectable<WorktreeTable>): KeptWorktree {
  return { path, agent, repository, branch, base, state: state as KeptWorktree['state'], madeAt }
}
