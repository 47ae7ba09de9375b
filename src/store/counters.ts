import type { Db } from './engine.ts'
import { prepared } from './prepared.ts'

type Kind = 'message' | 'approval' | 'bridge'

/** The next number of a kind in a team: 1, 2, 3, … A rolled back write may leave a gap. */
export async function nextNumber(db: Db, team: string, kind: Kind): Promise<number> {
  const { rows } = await step(db, { team, kind })
  return rows[0]!.value
}

const step = prepared((db, { team, kind }: { team: string; kind: Kind }) =>
  db
    .insertInto('counters')
    .values({ team, kind, value: 1 })
    .onConflict((conflict) => conflict.columns(['team', 'kind']).doUpdateSet((eb) => ({ value: eb('counters.value', '+', 1) })))
    .returning('value'),
)
