import { watch, type FSWatcher } from 'node:fs'
import type { Clock } from '../core/clock.ts'

/**
 * Calls `look` when the file may have changed: on a change in the folder, and every `tickMs` for what that misses
 * (the folder may not exist yet). Returns the way out.
 */
export function watchFolder(folder: string, isOurs: (name: string) => boolean, clock: Clock, tickMs: number, look: () => void): () => void {
  let watcher: FSWatcher | null = null
  let cancel = () => {}
  const begin = () => {
    try {
      watcher = watch(folder, (_event, name) => {
        if (name === null || isOurs(name)) look()
      })
      watcher.on('error', () => ((watcher = null), undefined))
      watcher.unref()
    } catch {
      // no such folder yet: the next tick tries again
    }
  }
  const tick = () => {
    if (watcher === null) begin()
    look()
    cancel = clock.after(tickMs, tick)
  }
  tick()
  return () => {
    cancel()
    watcher?.close()
  }
}
