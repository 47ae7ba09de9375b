import type { z } from 'zod'
import { didYouMean, nearest } from '../core/nearest.ts'
import type { Place } from './place.ts'
import type { Path } from './source.ts'

type Issue = z.core.$ZodIssue

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of keys',
}

/** Says in plain words what does not fit, at the value it is about. `value` is what stands there, if anything. */
export function tellIssue(issue: Issue, value: unknown, place: Place): void {
  const name = describePath(issue.path as Path)
  if (value === undefined) return place.error(`${name} is missing`, place.said ? 'the key is there without a value' : missingHint(name))
  switch (issue.code) {
    case 'invalid_type':
      return tellType(name, issue.expected, value, place)
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const hint = typeof value === 'string' && nearest(value, allowed) !== undefined ? didYouMean(value, allowed, 'words') : null
      return place.error(`${name} is ${show(value)}; it must be one of ${allowed.join(', ')}`, hint)
    }
    case 'invalid_union':
      return tellUnion(name, issue, value, place)
    case 'too_small':
      return place.error(`${name} is ${show(value)}; the smallest that makes sense is ${issue.minimum}`)
    case 'too_big':
      return place.error(`${name} is ${show(value)}; the largest that makes sense is ${issue.maximum}`)
    default:
      return place.error(`${name}: ${issue.message}`)
  }
}

function missingHint(name: string): string {
  return name === '`version`' ? 'write `version: 2`' : `troupe config schema says what ${name} holds`
}

function tellType(name: string, expected: string, value: unknown, place: Place): void {
  const wanted = kinds[expected] ?? expected
  const hint =
    expected === 'string' && ['number', 'boolean'].includes(typeof value)
      ? `put it in quotes: "${String(value)}"`
      : expected === 'array' && typeof value === 'string'
        ? `write a list: [${value.length > 60 ? '…' : JSON.stringify(value)}]`
        : expected === 'array' && typeof value === 'object'
          ? 'begin every entry with `- `'
          : null
  place.error(`${name} must be ${wanted}, not ${kindOf(value)}`, hint)
}

function tellUnion(name: string, issue: Extract<Issue, { code: 'invalid_union' }>, value: unknown, place: Place): void {
  const inner = issue.errors.flat()
  const deeper = inner.find((one) => one.path.length > 0)
  if (deeper !== undefined && Array.isArray(value)) {
    return place
      .at(...(deeper.path as Path))
      .error(`every entry of ${name} must be text, not ${kindOf(value[Number(deeper.path[0])])}`)
  }
  const wanted = inner.flatMap((one) => (one.code === 'invalid_type' ? [kinds[one.expected] ?? one.expected] : []))
  place.error(`${name} must be ${[...new Set(wanted)].join(' or ')}, not ${kindOf(value)}`)
}

/** Keys that nothing reads: a warning each, with the key that was probably meant. */
export function tellUnknownKeys(keys: readonly string[], allowed: readonly string[], place: Place): void {
  for (const key of keys) {
    const meant = nearest(key, allowed)
    const hint = meant === undefined ? `the keys here are ${allowed.join(', ')}` : `did you mean ${meant}?`
    place
      .at(key)
      .warningAtKey(`nothing reads the key \`${key}\``, key === '<<' ? 'merge keys are not supported: repeat the keys' : hint)
  }
}

/** `managers.lead.can_dm[2]` */
function describePath(path: Path): string {
  if (path.length === 0) return 'the file'
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return `\`${text.replace(/^\./, '')}\``
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a block of keys'
  return typeof value === 'string' ? `the text ${show(value)}` : show(value)
}
