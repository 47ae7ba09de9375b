import type { Kysely } from 'kysely'

/** What each model call cost, and for what: null where it is not known. Billionths of a US dollar. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('usage').addColumn('cost', 'bigint').execute()
  await db.schema.alterTable('usage').addColumn('cache_write_long', 'bigint').execute()
  await db.schema.alterTable('usage').addColumn('chain', 'text').execute()
  await db.schema.alterTable('usage').addColumn('task', 'text').execute()
  await db.schema.createIndex('usage_at').on('usage').columns(['team', 'at']).execute()
  await db.schema.createIndex('usage_incarnation').on('usage').columns(['team', 'incarnation']).execute()
}
