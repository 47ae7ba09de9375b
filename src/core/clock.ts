/** Time as the rest of the program sees it. Milliseconds since the epoch, UTC. Tests replace it. */
export interface Clock {
  now(): number
  /** Runs `fn` once after `ms`; returns the way out. A pending timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
