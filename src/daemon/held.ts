import type { HeldValues } from '../api/wire.ts'
import type { Held } from './daemon.ts'

/** Starts with what the keeper handed to this daemon, if anything. */
export function holdValues(first: HeldValues | null): Held {
  let values = first
  const listeners = new Set<(values: HeldValues) => void>()
  return {
    get values() {
      return values
    },
    put(newer) {
      if (values !== null && newer.at < values.at) return
      values = newer
      for (const listener of listeners) listener(newer)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
