import type { Kysely } from 'kysely'

/** What of others' words the agent's conversation held when it asked; null for most. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('approvals').addColumn('taint', 'text').execute()
}
