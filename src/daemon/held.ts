import type { HeldValues } from '../api/wire.ts'
import type { Held } from './daemon.ts'

/** Starts with what the keeper handed to this daemon, if anything. */
export function holdValues(first: HeldValues | null): Held {
  let values = first
  const listeners = new Set<(values: HeldValues) => void>()
  const put = (newer: HeldValues): void => {
    if (values !== null && newer.at < values.at) return
    values = newer
    for (const listener of listeners) listener(newer)
  }
  return {
    get values() {
      return values
    },
    put,
    renew: (env, now) => put({ at: Math.max(now, values?.at ?? 0), env }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
