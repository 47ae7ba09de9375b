import type { ColumnDefinitionBuilder, Kysely } from 'kysely'

const required = (column: ColumnDefinitionBuilder) => column.notNull()

/** Files that came with messages; most have none, which costs no page. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('messages').addColumn('attached', 'integer').execute()
  await db.schema
    .createTable('attachments')
    .addColumn('team', 'text', required)
    .addColumn('host', 'text', required)
    .addColumn('epoch', 'integer', required)
    .addColumn('n', 'bigint', required)
    .addColumn('message_id', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('mime', 'text', required)
    .addColumn('bytes', 'bigint', required)
    .addColumn('sha256', 'text', required)
    .addPrimaryKeyConstraint('attachments_key', ['team', 'n'])
    .addForeignKeyConstraint('attachments_message', ['team', 'message_id'], 'messages', ['team', 'id'], (key) => key.onDelete('cascade'))
    .execute()
  await db.schema.createIndex('attachments_message_id').on('attachments').columns(['team', 'message_id']).execute()
  await db.schema.createIndex('attachments_sha256').on('attachments').columns(['team', 'sha256']).execute()
}
