/** A time in which the model calls of an agent go through troupe, which counts them on the way. ms; `until` null: it lasts. */
export interface Passage {
  from: number
  until: number | null
  /** Its CLI's record has the provider's names for calls: what it tells of the same call replaces what was counted. */
  recordsById: boolean
}

/** What records tell of is not older, ms. */
const kept = 48 * 60 * 60 * 1000

/** With a start of the agent's: how its calls go from now on. `how` null: not through troupe. */
export function begun(passages: readonly Passage[], at: number, how: Pick<Passage, 'recordsById'> | null): Passage[] {
  const last = passages.at(-1)
  if (how !== null && last?.until === null && last.recordsById === how.recordsById) return [...passages]
  const over = passages.map((each) => ({ ...each, until: each.until ?? at })).filter(({ until }) => until > at - kept)
  return how === null ? over : [...over, { from: at, until: null, recordsById: how.recordsById }]
}

/** Whether what a record tells of that time was counted on the way, under another name: counted again it would count twice. */
export function isCounted(passages: readonly Passage[], at: number): boolean {
  return passages.some(({ from, until, recordsById }) => !recordsById && from <= at && (until === null || at < until))
}
