/** One day of a time zone: from its first moment to the next day's, ms. With a change of the clock it has 23 or 25 hours. */
export interface Day {
  /** `2026-11-21` */
  name: string
  start: number
  end: number
}

/** No day is longer, and no zone further from UTC. ms */
const farthest = 50 * 3_600_000

/** The day that holds this moment. `timezone`: an IANA name. */
export function dayOf(at: number, timezone: string): Day {
  const name = nameOf(at, timezone)
  const start = firstMoment(at - farthest, at, (moment) => nameOf(moment, timezone) >= name)
  return { name, start, end: firstMoment(at, at + farthest, (moment) => nameOf(moment, timezone) > name) }
}

/** The day of this name, such as `2026-11-21`; null for what is no day. */
export function dayNamed(name: string, timezone: string): Day | null {
  const noon = /^\d{4}-\d\d-\d\d$/.test(name) ? Date.parse(`${name}T12:00:00Z`) : Number.NaN
  if (Number.isNaN(noon)) return null
  // Zones are up to 14 hours ahead of UTC, and 12 behind.
  const found = [0, -8, 8].map((hours) => dayOf(noon + hours * 3_600_000, timezone)).find((day) => day.name === name)
  return found ?? null
}

export function isTimezone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false // the only way in which a name is refused
  }
}

/** To the millisecond, by halves: `holds` is false at `low`, true at `high`. */
function firstMoment(low: number, high: number, holds: (at: number) => boolean): number {
  let [from, to] = [low, high]
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (holds(middle)) to = middle
    else from = middle
  }
  return to
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' })
  formats.set(timezone, made)
  return made
}

function nameOf(at: number, timezone: string): string {
  return formatOf(timezone).format(at)
}
