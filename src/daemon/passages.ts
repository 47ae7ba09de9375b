import { begun, isCounted, type Passage } from '../core/passage.ts'
import type { Reader, Store, Tx } from '../store/store.ts'

/** When whose model calls went through troupe. Durable: a later daemon reads the same records. */
export class Passages {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** With the start of an incarnation, in its transaction. */
  async begin(tx: Tx, agent: string, at: number, how: Pick<Passage, 'recordsById'> | null): Promise<void> {
    const before = await read(tx, agent)
    const after = begun(before, at, how)
    if (before.length + after.length > 0) await tx.settings.put(keyOf(agent), after)
  }

  /** Whether a call that a record tells of was counted on the way. */
  async counted(agent: string, at: number): Promise<boolean> {
    return isCounted(await this.#store.read(async (db) => await read(db, agent)), at)
  }
}

async function read(db: Reader | Tx, agent: string): Promise<Passage[]> {
  return ((await db.settings.get(keyOf(agent))) ?? []) as Passage[]
}

function keyOf(agent: string): string {
  return `passages:${agent}`
}
