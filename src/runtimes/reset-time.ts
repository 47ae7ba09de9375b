/**
 * When a limit is over, ms since the epoch, as CLIs say it: a time of day in local time (`4pm`, `4:30 pm`, `16:00`;
 * its next occurrence), or a span (`5h 15m`, `30 minutes`, `120s`, a bare number of seconds). null: not understood.
 */
export function resetTime(said: { at: string | undefined; in: string | undefined }, now: number): number | null {
  const span = said.in === undefined ? null : spanOf(said.in)
  if (span !== null) return now + span
  return said.at === undefined ? null : nextTime(said.at, now)
}

const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 }

function spanOf(text: string): number | null {
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1_000
  const parts = [...text.matchAll(/(\d+)\s*([dhms])/gi)]
  if (parts.length === 0) return null
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit.toLowerCase()] ?? 0), 0)
}

function nextTime(text: string, now: number): number | null {
  const [, hours, minutes, half] = /(\d{1,2})(?::(\d{2}))?\s*([ap]m)?/i.exec(text) ?? []
  if (hours === undefined || (minutes === undefined && half === undefined)) return null
  const noon = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
  if (noon > 23 || Number(minutes ?? 0) > 59) return null
  const at = new Date(now)
  at.setHours(noon, Number(minutes ?? 0), 0, 0)
  if (at.getTime() <= now) at.setDate(at.getDate() + 1)
  return at.getTime()
}
