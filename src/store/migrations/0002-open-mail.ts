import { sql, type Kysely } from 'kysely'

/**
 * Indexes that cover only what is asked for, so that a commit writes fewer pages: the open deliveries (most are
 * acknowledged, and a change of state no longer moves an entry), and the keys of the messages that have one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('deliveries_state').execute()
  await db.schema
    .createIndex('deliveries_open')
    .on('deliveries')
    .columns(['team', 'recipient', 'n'])
    .where(sql<boolean>`state in ('queued', 'delivered')`)
    .execute()
  await db.schema.dropIndex('messages_sender_key').execute()
  await db.schema
    .createIndex('messages_key_of_sender')
    .unique()
    .on('messages')
    .columns(['team', 'sender', 'key'])
    .where(sql<boolean>`key is not null`)
    .execute()
}
