import type { Kysely } from 'kysely'

/** Who does an agent's work while its own runtime cannot; null: its own always did. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('agents').addColumn('duty', 'text').execute()
}
