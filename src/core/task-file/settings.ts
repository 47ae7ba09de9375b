import { didYouMean } from '../nearest.ts'
import { error, type Flaw } from './flaw.ts'
import type { Place } from './lines.ts'

export interface Said<T> extends Place {
  value: T
}

/** What stands in brackets at the end of a task's line; what is not said is null. */
export interface Settings {
  runtime: Said<string> | null
  model: Said<string> | null
  mode: Said<'terminal' | 'protocol' | 'oneshot'> | null
  name: Said<string> | null
  dir: Said<string> | null
  effort: Said<string> | null
  worktree: Said<boolean> | null
  /** Names or numbers of tasks. */
  after: Said<string>[]
}

export const nothingSaid: Settings = { runtime: null, model: null, mode: null, name: null, dir: null, effort: null, worktree: null, after: [] }

const meanings = new Map<string, keyof Settings>([
  ['provider', 'runtime'], ['runtime', 'runtime'], ['model', 'model'], ['mode', 'mode'], ['name', 'name'], ['effort', 'effort'],
  ['dir', 'dir'], ['cwd', 'dir'], ['working_dir', 'dir'], ['after', 'after'], ['worktree', 'worktree'],
])
const keys = [...meanings.keys()]

const modes: Record<string, 'terminal' | 'protocol' | 'oneshot'> = { terminal: 'terminal', interactive: 'terminal', protocol: 'protocol', oneshot: 'oneshot', print: 'oneshot' }
const efforts = ['low', 'medium', 'high', 'xhigh', 'max']
const yesOrNo: Record<string, boolean> = { true: true, yes: true, on: true, false: false, no: false, off: false }

interface Part {
  key: string | null
  value: string
  /** Of the part in the text between the brackets. */
  at: number
}

export interface Bracket {
  settings: Settings
  flaws: Flaw[]
  /** Where the bracket begins in the text. */
  at: number
}

/**
 * The bracket that ends a text, if it holds settings: it names at least one key, known or not. Null for prose, which belongs to the task.
 * `place` says where in the file a character of the text stands.
 */
export function settingsAtEnd(text: string, place: (at: number) => Place): Bracket | null {
  const at = openingOf(text)
  if (at === null) return null
  const parts = partsOf(text.slice(at + 1, -1))
  if (!parts.some(({ key }) => key !== null)) return null
  const flaws: Flaw[] = []
  const settings = { ...nothingSaid, after: [] as Said<string>[] }
  let last: string | null = null
  for (const part of parts) {
    const here = place(at + 1 + part.at)
    const key: string | null = part.key?.toLowerCase() ?? (last !== null && meanings.get(last) === 'after' ? last : null)
    last = key
    flaws.push(...take(settings, key, part, here))
  }
  return { settings, flaws, at }
}

/** Of the bracket that the text ends with; it must stand apart, since `call(a: b)` is prose. */
function openingOf(text: string): number | null {
  if (!text.endsWith(')')) return null
  let depth = 0
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const char = text.charAt(at)
    if (char === ')') depth += 1
    else if (char === '(' && --depth === 0) return at === 0 || /[ \t]/.test(text.charAt(at - 1)) ? at : null
  }
  return null
}

function partsOf(inside: string): Part[] {
  const parts: Part[] = []
  let from = 0
  for (const piece of inside.split(',')) {
    const trimmed = piece.trim()
    const found = /^([A-Za-z][A-Za-z_-]+)[ \t]*:(?!\/\/)[ \t]*(.*)$/.exec(trimmed)
    const at = from + (piece.length - piece.trimStart().length)
    parts.push({ key: found?.[1] ?? null, value: unquoted(found?.[2] ?? trimmed), at })
    from += piece.length + 1
  }
  return parts
}

function unquoted(value: string): string {
  const found = /^(["'`])(.*)\1$/.exec(value)
  return found?.[2] ?? value
}

function take(settings: Settings, key: string | null, { value }: Part, here: Place): Flaw[] {
  if (key === null) return [error(here, `\`${value}\` stands between settings and is none`, 'write key: value, with commas between')]
  const meaning = meanings.get(key)
  if (meaning === undefined) {
    return [error(here, `there is no setting \`${key}\``, `${didYouMean(key, keys, 'settings')}; to keep it as text, end the line with a full stop`)]
  }
  if (value === '') return [error(here, `\`${key}\` has no value`, `write ${key}: and its value, or take it out`)]
  if (meaning === 'after') {
    settings.after.push(...value.split(/[ \t]+/).map((one) => ({ ...here, value: one.replace(/^#(?=\d)/, '') })))
    return []
  }
  if (settings[meaning] !== null) return [error(here, `\`${key}\` says again what is said before`, 'keep one of the two')]
  return put(settings, meaning, key, value, here)
}

function put(settings: Settings, meaning: Exclude<keyof Settings, 'after'>, key: string, value: string, here: Place): Flaw[] {
  const lower = value.toLowerCase()
  switch (meaning) {
    case 'mode': {
      const mode = Object.hasOwn(modes, lower) ? modes[lower] : undefined
      if (mode === undefined) return [error(here, `there is no mode \`${value}\``, didYouMean(lower, Object.keys(modes), 'modes'))]
      settings.mode = { ...here, value: mode }
      return []
    }
    case 'worktree': {
      const worktree = Object.hasOwn(yesOrNo, lower) ? yesOrNo[lower] : undefined
      if (worktree === undefined) return [error(here, `\`${key}\` is true or false, and not \`${value}\``)]
      settings.worktree = { ...here, value: worktree }
      return []
    }
    case 'effort':
      if (!efforts.includes(lower)) return [error(here, `there is no effort \`${value}\``, didYouMean(lower, efforts, 'efforts'))]
      settings.effort = { ...here, value: lower }
      return []
    case 'name':
      settings.name = { ...here, value }
      return nameFlaw(value, here)
    case 'model':
      settings.model = { ...here, value }
      return /^-|[\s\p{Cc}]/u.test(value) ? [error(here, `\`${value}\` cannot be the name of a model`)] : []
    default:
      settings[meaning] = { ...here, value }
      return []
  }
}

function nameFlaw(name: string, here: Place): Flaw[] {
  if (/^\d+$/.test(name)) return [error(here, `\`${name}\` cannot be a name: numbers are the places of tasks`, 'begin it with a letter')]
  if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(name)) return [error(here, `the name \`${name}\` holds characters that names may not have`, 'begin it with a letter, and use letters, digits, `.`, `_` and `-`')]
  return name.length > 60 ? [error(here, `the name has ${name.length} characters`, 'use at most 60')] : []
}
