/** What a platform bears: so many a second, and a short burst before that. `at` in ms of a clock that never goes back. */
export interface Pace {
  tokens: number
  at: number
}

export interface PaceLimit {
  perSecond: number
  burst: number
}

/** How long until one more may go, ms; 0 means now. Nobody went yet where there is no pace. */
export function paceWait(pace: Pace | undefined, limit: PaceLimit, now: number): number {
  const { tokens } = paceNow(pace, limit, now)
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / limit.perSecond) * 1000)
}

/** After one more went. */
export function paced(pace: Pace | undefined, limit: PaceLimit, now: number): Pace {
  const { tokens } = paceNow(pace, limit, now)
  return { tokens: tokens - 1, at: now }
}

function paceNow(pace: Pace | undefined, { perSecond, burst }: PaceLimit, now: number): Pace {
  if (pace === undefined) return { tokens: burst, at: now }
  return { tokens: Math.min(burst, pace.tokens + ((now - pace.at) / 1000) * perSecond), at: now }
}
