import { z } from 'zod'
import type { AgentCaller } from './guard.ts'

/**
 * Clients of the 2025 protocols do not hang up to cancel: they say so in another request. Its id is unique within
 * one client only, and an agent may run several, so what it names is cancelled only where there is no doubt and
 * no harm: a single waiting call of that agent, of a tool that changes nothing.
 */
export class WaitingCalls {
  readonly #calls = new Map<string, Set<AbortController>>()

  add(caller: AgentCaller, id: string | number, readOnly: boolean): { signal: AbortSignal; remove(): void } {
    const key = callKey(caller, id)
    const abort = new AbortController()
    if (!readOnly) return { signal: abort.signal, remove: () => undefined }
    const same = this.#calls.get(key) ?? new Set()
    this.#calls.set(key, same.add(abort))
    return {
      signal: abort.signal,
      remove: () => {
        same.delete(abort)
        if (same.size === 0) this.#calls.delete(key)
      },
    }
  }

  cancel(caller: AgentCaller, body: unknown): void {
    const parsed = cancellation.safeParse(body)
    if (!parsed.success) return
    const [only, ...others] = this.#calls.get(callKey(caller, parsed.data.params.requestId)) ?? []
    if (others.length === 0) only?.abort()
  }
}

const cancellation = z.object({
  method: z.literal('notifications/cancelled'),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
})

function callKey(caller: AgentCaller, id: string | number): string {
  return JSON.stringify([caller.incarnation, id])
}
