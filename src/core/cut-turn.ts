/** Figures for turns that the model's API cut off. All ms. */
export const cutTurnPolicy = {
  firstDelay: 30_000,
  maxDelay: 300_000,
  mostTries: 6,
  /** So long after the last one a cut turn is the first again. */
  forgetAfter: 1_800_000,
} as const

/** Turns in a row that ended because the model's API did not answer; `at` is the time of the last, ms. Persisted. */
export interface CutTurns {
  count: number
  at: number
}

export function inARow(before: CutTurns | undefined, at: number): CutTurns {
  return { count: before === undefined || at - before.at > cutTurnPolicy.forgetAfter ? 1 : before.count + 1, at }
}

/**
 * When an agent whose turn was cut off by an overloaded or broken API is told to go on: null after too many, then a
 * person decides. `jitter` in [0, 1) doubles the wait at most, so that a team whose provider fell over does not ask
 * again in step.
 */
export function afterCutTurn(before: CutTurns | undefined, at: number, jitter: number): { turns: CutTurns; until: number | null } {
  const { count } = inARow(before, at)
  const delay = Math.min(cutTurnPolicy.firstDelay * 2 ** (count - 1), cutTurnPolicy.maxDelay)
  return { turns: { count, at }, until: count > cutTurnPolicy.mostTries ? null : at + Math.round(delay * (1 + jitter)) }
}
