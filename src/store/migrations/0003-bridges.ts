import type { ColumnDefinitionBuilder, Kysely } from 'kysely'

const required = (column: ColumnDefinitionBuilder) => column.notNull()

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('bridges')
    .addColumn('team', 'text', required)
    .addColumn('host', 'text', required)
    .addColumn('epoch', 'integer', required)
    .addColumn('id', 'text', required)
    .addColumn('n', 'bigint', required)
    .addColumn('a', 'text', required)
    .addColumn('b', 'text', required)
    .addColumn('topic', 'text', required)
    .addColumn('one_way', 'integer', required)
    .addColumn('opened_by', 'text', required)
    .addColumn('opened_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('closed_at', 'bigint')
    .addColumn('closed_by', 'text')
    .addColumn('after_n', 'bigint', required)
    .addPrimaryKeyConstraint('bridges_key', ['team', 'id'])
    .execute()
  await db.schema.createIndex('bridges_n').unique().on('bridges').columns(['team', 'n']).execute()
}
