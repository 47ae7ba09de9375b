import type { Clock } from '../core/clock.ts'

/** Quiet for so long is a lull. ms */
const lullMs = 3_000
/** Below so many changes there is nothing worth a pause of some 50 ms. */
const worthIt = 1_000

/**
 * Calls `rest` in the first lull after much work. For memory: V8 keeps what a load once took for minutes, 40 MB and
 * more, unless it is told that nothing goes on. Returns a call to make at every change, with how many came, and the way out.
 */
export function inLulls(clock: Clock, rest: () => void): { changed(count: number): void; stop(): void } {
  let changes = 0
  let last = 0
  let cancel: (() => void) | null = null
  const look = (): void => {
    const left = last + lullMs - clock.elapsed()
    cancel = left > 0 ? clock.after(left, look) : null
    if (cancel !== null) return
    changes = 0
    rest()
  }
  return {
    changed(count) {
      changes += count
      last = clock.elapsed()
      if (changes >= worthIt) cancel ??= clock.after(lullMs, look)
    },
    stop: () => cancel?.(),
  }
}

/** With `--expose-gc` (the keeper starts daemons so). The kind of collection that gives pages back to the system. */
export function giveMemoryBack(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}
