import type { Clock } from '../core/clock.ts'

/** A daemon with nothing to look after goes after this. ms */
const patience = 60_000

/** Tells when nothing was asked for a while and nothing runs. Returns a call to make at every sign of use, and the way out. */
export function whenIdle(clock: Clock, isNeeded: () => boolean, go: () => void): { used(): void; stop(): void } {
  let last = clock.elapsed()
  let cancel = () => {}
  const look = (): void => {
    if (isNeeded()) last = clock.elapsed()
    const left = last + patience - clock.elapsed()
    if (left <= 0) go()
    else cancel = clock.after(left, look)
  }
  cancel = clock.after(patience, look)
  return {
    used: () => {
      last = clock.elapsed()
    },
    stop: () => cancel(),
  }
}
