import { onSignal } from '../core/plan.ts'
import type { Signal } from '../core/runtime.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Deliverer } from './deliverer.ts'

/** Takes what a session saw to whom it concerns. A signal of an earlier incarnation changes no state. */
export async function takeSignal(
  parts: { store: Store; agents: Agents; deliverer: Deliverer },
  address: string,
  incarnation: string,
  signal: Signal,
): Promise<void> {
  switch (signal.type) {
    case 'proof':
      return await parts.deliverer.proved(address, incarnation, signal.marker, signal.proof, signal.evidence.what)
    case 'usage':
      return await parts.store.write(async (tx) => {
        await tx.usage.put(address, incarnation, signal.usage)
      })
    default:
      await parts.agents.update(address, (state) => (state.incarnation === incarnation ? onSignal(state, signal) : state))
  }
}
