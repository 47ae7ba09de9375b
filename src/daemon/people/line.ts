import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Gateway, Identity } from '../../core/gateway.ts'
import type { Authorised } from '../../core/people.ts'
import type { GatewaySettings } from '../../core/team.ts'

/** A gateway that is open: what the files say of it, with the values of its variables. The secret is in the gateway alone. */
export interface Opened extends Authorised {
  settings: GatewaySettings
  gateway: Gateway
}

export type LineState =
  | { name: 'off'; why: string; hint: string }
  | { name: 'connecting' }
  | { name: 'on'; identity: Identity }
  | { name: 'failing'; why: string; hint: string | null; since: number; identity: Identity | null }

/** ms: the first pause after a failure of the platform, doubled up to the last one. */
const firstPause = 1_000
const lastPause = 60_000

/** Pauses between attempts, longer each time it fails, short again once it works. */
export class Pauses {
  #next = firstPause

  worked(): void {
    this.#next = firstPause
  }

  /** ms. What the platform asks for counts; where only a person can mend it, there is no hurry. */
  failed(error: unknown): number {
    if (error instanceof TroupeError) {
      const asked = error.facts['retryAfterMs']
      if (error.code === 'throttled' && typeof asked === 'number') return asked
      if (error.code === 'unauthorised') return lastPause
    }
    const ms = this.#next
    this.#next = Math.min(lastPause, ms * 2)
    return ms
  }
}

/** Resolves after `ms`, or at once with the signal. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done)
  })
}

/** Where it cannot get through, for people; never what holds a secret. */
export function reasonOf(error: unknown): { why: string; hint: string | null } {
  if (error instanceof TroupeError) return { why: error.message, hint: error.hint ?? null }
  return { why: 'a defect of the gateway', hint: 'troupe logs of the daemon tell more' }
}
