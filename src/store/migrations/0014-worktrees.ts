import type { ColumnDefinitionBuilder, Kysely } from 'kysely'

const required = (column: ColumnDefinitionBuilder) => column.notNull()

/** Worktrees that troupe made, by the folder; `state` is what a crash leaves behind. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('worktrees')
    .addColumn('team', 'text', required)
    .addColumn('host', 'text', required)
    .addColumn('epoch', 'integer', required)
    .addColumn('path', 'text', required)
    .addColumn('agent', 'text', required)
    .addColumn('repository', 'text', required)
    .addColumn('branch', 'text', required)
    .addColumn('base', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('made_at', 'bigint', required)
    .addPrimaryKeyConstraint('worktrees_key', ['team', 'path'])
    .execute()
}
