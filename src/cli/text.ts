import measure from 'fast-string-truncated-width'
import { TroupeError } from '../core/error.ts'

/**
 * Names, messages and screens come from agents and are hostile: a terminal must never obey them.
 * C0 and C1 controls, bidi marks and overrides, zero-width characters, line separators, tags.
 */
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Nothing in it that needs a closer look: each character is one column wide and harmless. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

/** Text of several lines, safe to print: line breaks stay, tabs become spaces, the rest shows as `\u{1b}`. */
export function escapeText(text: string): string {
  if (isPlain(text)) return text
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replace(unsafe, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same on one line: a line break shows as `↵`. */
export function escapeLine(text: string): string {
  return isPlain(text) ? text : escapeText(text).replaceAll('\n', '↵')
}

/** JSON that is safe on a terminal too: still the same value to every parser. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Columns that the text takes on a terminal; colours take none. */
export function width(text: string): number {
  return isPlain(text) ? text.length : measure(text).width
}

/** Cuts to `limit` columns, the last of them `…` if anything was cut. For text without colours. */
export function cut(text: string, limit: number): string {
  if (width(text) <= limit) return text
  let kept = ''
  let room = limit - 1
  // The library's own cut is off by one around symbols, so whole characters are measured one after another.
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    room -= width(segment)
    if (room < 0) break
    kept += segment
  }
  return limit < 1 ? '' : `${kept}…`
}

export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)))
  return align === 'left' ? text + space : space + text
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** One number and one unit, as a glance wants it: `42s`, `3m`, `119m`, `5h`, `12d`. Less than two of a unit are told in the smaller one. */
export function duration(ms: number): string {
  if (ms < units.m) return `${Math.max(0, Math.floor(ms / units.s))}s`
  if (ms < 2 * units.h) return `${Math.floor(ms / units.m)}m`
  if (ms < 2 * units.d) return `${Math.floor(ms / units.h)}h`
  return `${Math.floor(ms / units.d)}d`
}

/** `10m`, `90s`, `2h`, `1d`, `500ms`; a bare number is seconds. Returns ms. */
export function parseDuration(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim())
  if (match === null) {
    throw new TroupeError('usage', `${flag} wants a duration, not "${escapeLine(text)}"`, { hint: `${flag} 10m (units: ms, s, m, h, d)` })
  }
  return Math.round(Number(match[1]) * units[(match[2] ?? 's') as keyof typeof units])
}

/** Local time of day, `14:03:59`; the date before it if it is not of today. */
export function clockTime(at: number, now: number): string {
  const time = new Date(at)
  const day = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const hour = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  return day(time) === day(new Date(now)) ? hour : `${day(time)} ${hour}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `1 agent`, `2 agents`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** 1234567 → `1,234,567`. */
export function thousands(n: number): string {
  return n.toLocaleString('en-US')
}

/** Dollars for people: a hundredth of a cent at the finest, rounded up. `--json` has all of it. */
export function dollars(usd: string): string {
  const [whole = '0', part = ''] = usd.split('.')
  if (part.length <= 4) return usd
  const tens = BigInt(whole + part.slice(0, 4)) + (/[1-9]/.test(part.slice(4)) ? 1n : 0n)
  const digits = tens.toString().padStart(5, '0')
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`
}
