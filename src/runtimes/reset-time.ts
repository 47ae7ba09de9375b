/**
 * When a limit is over, ms since the epoch, as CLIs say it: a moment (Unix seconds, RFC 3339), a time of day (`4pm`,
 * `4:30 pm`, `16:00`, `Oct 9, 5pm`) in the zone it names (`(Europe/Berlin)`, `UTC`), else in local time, or a span
 * (`5h 15m`, `30 minutes`, `120s`, a bare number of seconds). null: not understood.
 */
export function resetTime(said: { at: string | undefined; in: string | undefined }, now: number): number | null {
  const span = said.in === undefined ? null : spanOf(said.in)
  if (span !== null) return now + span
  return said.at === undefined ? null : (moment(said.at) ?? nextTime(said.at, now))
}

const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 }

function spanOf(text: string): number | null {
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1_000
  const parts = [...text.matchAll(/(\d+)\s*([dhms])/gi)]
  if (parts.length === 0) return null
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit.toLowerCase()] ?? 0), 0)
}

function moment(text: string): number | null {
  const seconds = /^\s*(\d{9,10})\s*$/.exec(text)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1000
  const written = /\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)/.exec(text)?.[0]
  return written === undefined ? null : Date.parse(written)
}

/**
 * CLIs cut seconds off, and clocks differ: a time that was a moment ago is the one that is meant, not tomorrow's. ms
 */
const justNow = 15 * 60_000
const dayMs = 86_400_000

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const timeOfDay = /(?:\b([a-z]{3})[a-z]*\.? (\d{1,2})(?:,| at)? +(?:at )?)?\b(\d{1,2})(?::(\d{2}))?(?::\d{2})? ?([ap]m\b)?/i

interface Wall {
  year: number
  /** From 0. */
  month: number
  day: number
  hour: number
  minute: number
}

/** The next one, or the one that was just now. */
function nextTime(text: string, now: number): number | null {
  const [, name, day, hours, minutes, half] = timeOfDay.exec(text) ?? []
  if (hours === undefined || (minutes === undefined && half === undefined)) return null
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
  const minute = Number(minutes ?? 0)
  if (hour > 23 || minute > 59) return null
  const zone = zoneOf(text)
  const today = wallOf(now, zone)
  const month = name === undefined ? -1 : months.indexOf(name.toLowerCase())
  if (month < 0) {
    const at = instant({ ...today, hour, minute }, zone)
    return at > now - justNow ? at : instant({ ...today, day: today.day + 1, hour, minute }, zone)
  }
  const at = instant({ year: today.year, month, day: Number(day), hour, minute }, zone)
  return at > now - dayMs ? at : instant({ year: today.year + 1, month, day: Number(day), hour, minute }, zone)
}

/** undefined: this machine's own, also where the text names one that is not known here. */
function zoneOf(text: string): string | undefined {
  const named = /\(([A-Za-z]+(?:\/[A-Za-z0-9_+-]+)*)\)/.exec(text)?.[1] ?? /\b(?:UTC|GMT)\b/.exec(text)?.[0]
  try {
    return named === undefined ? undefined : new Intl.DateTimeFormat('en-US', { timeZone: named }).resolvedOptions().timeZone
  } catch {
    return undefined // words in brackets
  }
}

function wallOf(at: number, zone: string | undefined): Wall {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' })
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return { year: parts['year'] ?? 0, month: (parts['month'] ?? 1) - 1, day: parts['day'] ?? 1, hour: parts['hour'] ?? 0, minute: parts['minute'] ?? 0 }
}

/** Twice: the offset at the first guess may be that of the other side of a change of clocks. */
function instant(wall: Wall, zone: string | undefined): number {
  const wanted = utc(wall)
  const guess = wanted - (utc(wallOf(wanted, zone)) - wanted)
  return guess + (wanted - utc(wallOf(guess, zone)))
}

function utc({ year, month, day, hour, minute }: Wall): number {
  return Date.UTC(year, month, day, hour, minute)
}
