import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely'

const required = (column: ColumnDefinitionBuilder) => column.notNull()

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('approvals')
    .addColumn('team', 'text', required)
    .addColumn('host', 'text', required)
    .addColumn('epoch', 'integer', required)
    .addColumn('id', 'text', required)
    .addColumn('n', 'bigint', required)
    .addColumn('agent', 'text', required)
    .addColumn('project', 'text', required)
    .addColumn('action', 'text', required)
    .addColumn('scope', 'text')
    .addColumn('summary', 'text', required)
    .addColumn('exact', 'text', required)
    .addColumn('hash', 'text', required)
    .addColumn('origin', 'text', required)
    .addColumn('status', 'text', required)
    .addColumn('requested_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('decided_at', 'bigint')
    .addColumn('decided_by', 'text')
    .addColumn('note', 'text')
    .addColumn('used_at', 'bigint')
    .addColumn('told', 'integer', required)
    .addPrimaryKeyConstraint('approvals_key', ['team', 'id'])
    .execute()
  await db.schema.createIndex('approvals_n').unique().on('approvals').columns(['team', 'n']).execute()
  // One open request for one deed, whoever asks at once.
  await db.schema
    .createIndex('approvals_open')
    .unique()
    .on('approvals')
    .columns(['team', 'hash'])
    .where(sql<boolean>`status in ('pending', 'approved')`)
    .execute()
  await db.schema.createIndex('approvals_untold').on('approvals').columns(['team', 'n']).where(sql<boolean>`told = 0`).execute()
}
