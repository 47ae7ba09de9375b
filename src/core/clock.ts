/** Time as the rest of the program sees it. Milliseconds since the epoch, UTC. Tests replace it. */
export interface Clock {
  now(): number
  /**
   * ms since some moment, never back and never in leaps, whatever is done to the time of day: for how long something took
   * or may take. Of this process alone: it means nothing in a file.
   */
  elapsed(): number
  /** Runs `fn` once after `ms`; returns the way out. A pending timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void
}

/** The age of what began at that time of day: as it is told now, and from now on by `elapsed`. ms, never below 0 */
export function aging(clock: Clock, since: number): () => number {
  const [age, from] = [Math.max(0, clock.now() - since), clock.elapsed()]
  return () => age + clock.elapsed() - from
}

/** A longer one of Node's ends at once. ms */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      timer = setTimeout(() => (left > longestTimer ? arm(left - longestTimer) : fn()), Math.min(left, longestTimer))
      timer.unref()
    }
    arm(ms)
    return () => clearTimeout(timer)
  },
}
