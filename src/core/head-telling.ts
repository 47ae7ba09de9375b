/** When people are told where the journal ends, so that a copy of that is kept outside of this machine. Pure. */

export interface HeadRule {
  /** At least this often, ms. */
  everyMs: number
  /** Also after so many lines; null: by time alone. */
  lines: number | null
}

/** What a gateway was told last. `lines`: how long the journal was, with those that the telling itself makes. */
export interface HeadTold {
  at: number
  lines: number
}

/** Of each message that goes out: that it was queued, and what came of it. */
export const linesOfTelling = 2

/** Until it is due by time, ms; 0: now. What was never told is due. */
export function headDueIn({ everyMs, lines }: HeadRule, told: HeadTold | null, journal: number, now: number): number {
  if (told === null || (lines !== null && journal - told.lines >= lines)) return 0
  // A clock that was set back must not hold it off for longer than the rule says.
  return Math.max(0, Math.min(told.at, now) + everyMs - now)
}
