import { isAlias, isMap, isPair, isScalar, isSeq, type Document } from 'yaml'
import type { Place } from './place.ts'
import { follow } from './source.ts'

const deepest = 50
/** Values that aliases may add up to: a file that repeats itself exponentially stops here. */
const mostValues = 50_000

/**
 * A YAML tree as plain JSON values. A key without a value counts as not said at all, except where keys are
 * names (`dev:` alone is an agent with every default). What cannot be a plain value is an error.
 */
export function plainValue(document: Document, top: Place): unknown {
  let left = mostValues
  const open = new Set<unknown>()

  function convert(node: unknown, place: Place): unknown {
    if (left-- <= 0 || place.path.length > deepest) {
      top.error('the YAML holds too many values, or too deeply nested ones', 'write the team out without aliases')
      return undefined
    }
    const target = follow(node, document)
    if (target === null) {
      if (isAlias(node)) place.error(`no anchor \`&${node.source}\` stands before this alias`)
      return undefined
    }
    if (isScalar(target)) return scalar(target.value, place)
    if (open.has(target)) {
      place.error('this alias contains itself')
      return undefined
    }
    open.add(target)
    const value = isMap(target) ? convertMap(target.items, place) : isSeq(target) ? convertList(target.items, place) : undefined
    open.delete(target)
    return value
  }

  function convertList(items: unknown[], place: Place): unknown[] {
    return items.map((item, index) => convert(item, place.at(index)) ?? null)
  }

  function convertMap(items: unknown[], place: Place): Record<string, unknown> {
    const entries: [string, unknown][] = []
    for (const item of items) {
      if (!isPair(item) || !isScalar(item.key)) {
        place.error('a key here is not plain text')
        continue
      }
      const key = String(item.key.value)
      const value = convert(item.value, place.at(key))
      if (value !== undefined && value !== null) entries.push([key, value])
      else if (holdsNames(place)) entries.push([key, {}])
    }
    return Object.fromEntries(entries)
  }

  return convert(document.contents, top)
}

function scalar(value: unknown, place: Place): unknown {
  if (value === null || ['string', 'boolean'].includes(typeof value)) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  place.error('this is not a plain text, number or true/false')
  return undefined
}

/** Maps whose keys are names that a team gives: there even a key alone says something. */
function holdsNames({ path }: Place): boolean {
  const agents = path[0] === 'managers' || path[0] === 'workers'
  return agents && (path.length === 1 || (path.length === 3 && path[2] === 'mcps'))
}
