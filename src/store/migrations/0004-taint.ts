import type { Kysely } from 'kysely'

/** Where a message's content may come from besides its sender; null for most, which costs no page. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('messages').addColumn('taint', 'text').execute()
}
