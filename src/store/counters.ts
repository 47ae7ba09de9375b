import type { Db } from './engine.ts'
import { prepared } from './prepared.ts'

type Kind = 'message' | 'approval' | 'bridge' | 'attachment' | 'task'

/** What a batch has taken of the numbers of one kind. */
interface Taken {
  kind: Kind
  /** As the database had it. */
  last: Promise<number>
  count: number
}

const takenBy = new WeakMap<Db, Taken[]>()

/**
 * The next number of a kind in a team: 1, 2, 3, … A rolled back write may leave a gap. Only inside a batch, which holds the
 * team's lock: numbers are counted in memory, and `saveNumbers` writes at its end how far they went.
 */
export async function nextNumber(db: Db, team: string, kind: Kind): Promise<number> {
  const all = takenBy.get(db) ?? []
  takenBy.set(db, all)
  let taken = all.find((each) => each.kind === kind)
  if (taken === undefined) all.push((taken = { kind, last: lastNumber(db, team, kind), count: 0 }))
  const mine = (taken.count += 1)
  return (await taken.last) + mine
}

export async function saveNumbers(db: Db, team: string): Promise<void> {
  for (const { kind, last, count } of takenBy.get(db) ?? []) await save(db, { team, kind, value: (await last) + count })
}

async function lastNumber(db: Db, team: string, kind: Kind): Promise<number> {
  return (await read(db, { team, kind })).rows[0]?.value ?? 0
}

const read = prepared((db, { team, kind }: { team: string; kind: Kind }) =>
  db.selectFrom('counters').select('value').where('team', '=', team).where('kind', '=', kind),
)

const save = prepared((db, { team, kind, value }: { team: string; kind: Kind; value: number }) =>
  db
    .insertInto('counters')
    .values({ team, kind, value })
    .onConflict((conflict) => conflict.columns(['team', 'kind']).doUpdateSet({ value: (row) => row.ref('excluded.value') })),
)
