import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely'

const required = (column: ColumnDefinitionBuilder) => column.notNull()

/** Limits of providers that agents ran into; `hooks` is JSON, `open` 1 while something is left to do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('limit_hits')
    .addColumn('team', 'text', required)
    .addColumn('host', 'text', required)
    .addColumn('epoch', 'integer', required)
    .addColumn('id', 'text', required)
    .addColumn('agent', 'text', required)
    .addColumn('project', 'text', required)
    .addColumn('runtime', 'text', required)
    .addColumn('incarnation', 'text')
    .addColumn('at', 'bigint', required)
    .addColumn('resets_at', 'bigint')
    .addColumn('until', 'bigint')
    .addColumn('raw', 'text', required)
    .addColumn('hooks', 'text', required)
    .addColumn('open', 'integer', required)
    .addPrimaryKeyConstraint('limit_hits_key', ['team', 'id'])
    .execute()
  await db.schema.createIndex('limit_hits_agent').on('limit_hits').columns(['team', 'agent', 'at']).execute()
  await db.schema.createIndex('limit_hits_open').on('limit_hits').columns(['team', 'id']).where(sql<boolean>`open = 1`).execute()
}
