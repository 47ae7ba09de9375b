import type { Db } from './engine.ts'

/** The next number of a kind in a team: 1, 2, 3, … A rolled back write may leave a gap. */
export async function nextNumber(db: Db, team: string, kind: 'message'): Promise<number> {
  const row = await db
    .insertInto('counters')
    .values({ team, kind, value: 1 })
    .onConflict((conflict) => conflict.columns(['team', 'kind']).doUpdateSet((eb) => ({ value: eb('counters.value', '+', 1) })))
    .returning('value')
    .executeTakeFirstOrThrow()
  return row.value
}
