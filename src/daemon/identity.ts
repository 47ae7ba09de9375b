import { createHash } from 'node:crypto'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Caller } from './daemon.ts'
import type { OperatorToken } from './token.ts'

/** Bearer token → caller. A token is dead the moment its incarnation is not its agent's current one. */
export function identity(store: Store, agents: Agents, operator: OperatorToken): (token: string) => Promise<Caller | null> {
  const known = new Map<string, Caller & { kind: 'agent' }>()
  return async (token) => {
    if (operator.matches(token)) return { kind: 'operator', via: 'http' }
    const hash = createHash('sha256').update(token).digest('hex')
    const cached = known.get(hash)
    if (cached !== undefined) {
      if (agents.get(cached.address).incarnation === cached.incarnation) return cached
      known.delete(hash)
      return null
    }
    const row = await store.read((db) => db.incarnations.byToken(hash))
    if (row === undefined || agents.get(row.agent).incarnation !== row.id) return null
    const caller = { kind: 'agent', address: row.agent, incarnation: row.id } as const
    known.set(hash, caller)
    return caller
  }
}
