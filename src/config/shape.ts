import { z } from 'zod'
import { tellIssue, tellUnknownKeys } from './issues.ts'
import type { Place } from './place.ts'
import type { Path } from './source.ts'

type Json = Record<string, unknown>

/** Rounds of repair after which a file counts as hopeless; each one can only uncover what an outer fault hid. */
const mostRounds = 12

/**
 * Checks a value against its schema and tells everything that does not fit. What comes back is complete
 * (defaults filled in) even where parts were refused: those are replaced by defaults or blanks, so that the
 * checks of meaning can go on and all errors are told at once. Null where nothing could be saved.
 * Whether anything was refused is known from the diagnostics, not from this.
 */
export function checkShape<T extends z.ZodType>(schema: T, value: unknown, place: Place): z.output<T> | null {
  let description: Json | null = null
  const lines = () => (description ??= z.toJSONSchema(schema, { io: 'input' }) as Json)
  let current = value === undefined || value === null ? {} : structuredClone(value)
  for (let round = 0; round < mostRounds; round++) {
    const result = schema.safeParse(current)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const path = issue.path as Path
      if (issue.code === 'unrecognized_keys') {
        tellUnknownKeys(issue.keys, Object.keys((describe(lines(), path)?.properties ?? {}) as Json), place.at(...path))
        for (const key of issue.keys) delete (valueAt(current, path) as Json)[key]
      } else {
        tellIssue(issue, valueAt(current, path), place.at(...path))
        place.at(...path).close()
        if (path.length === 0) current = {}
        else repair(current, path, lines())
      }
    }
  }
  return null
}

/** Takes the refused value out, or puts a blank where one is required. */
function repair(top: unknown, path: Path, lines: Json): void {
  const parent = valueAt(top, path.slice(0, -1)) as Json | unknown[]
  const last = path.at(-1)
  const there = valueAt(top, path) !== undefined
  if (Array.isArray(parent)) parent[Number(last)] = blank(describe(lines, path))
  else if (there && !isEntry(lines, path)) delete parent[String(last)]
  else parent[String(last)] = blank(describe(lines, path))
}

/** An entry of a free map, such as an agent: taking it out would make every mention of it an error. */
function isEntry(lines: Json, path: Path): boolean {
  return !Object.hasOwn((describe(lines, path.slice(0, -1))?.properties ?? {}) as Json, String(path.at(-1)))
}

function blank(lines: Json | null): unknown {
  const first = (lines?.anyOf as Json[] | undefined)?.[0]
  if (first !== undefined) return blank(first)
  if (Array.isArray(lines?.enum)) return lines.enum[0]
  switch (lines?.type) {
    case 'string':
      return ''
    case 'number':
    case 'integer':
      return Math.max(0, Number(lines.minimum ?? 0))
    case 'boolean':
      return false
    case 'array':
      return []
    default:
      return {}
  }
}

function valueAt(top: unknown, path: Path): unknown {
  let value: unknown = top
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** The part of a JSON Schema that describes a path. */
function describe(schema: Json, path: Path): Json | null {
  let current: Json | null = schema
  for (const step of path) current = current === null ? null : stepInto(current, step)
  return current
}

function stepInto(schema: Json, step: string | number): Json | null {
  const properties = (schema.properties ?? {}) as Json
  if (Object.hasOwn(properties, step)) return properties[step] as Json
  if (typeof step === 'number' && schema.items !== undefined) return schema.items as Json
  const others = schema.additionalProperties
  if (typeof others === 'object' && others !== null) return others as Json
  const found = ((schema.anyOf ?? []) as Json[]).map((option) => stepInto(option, step)).find((one) => one !== null)
  return found ?? null
}
