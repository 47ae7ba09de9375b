import type { Compilable, CompiledQuery, DialectAdapter, QueryResult } from 'kysely'
import type { Db } from './engine.ts'

/** Shapes are few and the same all day, apart from lists of varying length: those must not pile up. */
const mostShapes = 200

/** Rows of one insert: few enough that every length up to it may be prepared. */
const mostRows = 32

/** Stands in a query for the value that comes with each call. */
class Slot {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/**
 * A query whose text is built once for each engine and each shape of `given` (its keys, the lengths of its lists):
 * building it takes Kysely several times longer than SQLite needs to run it. `build` sees a stand-in for every
 * value, so it must not look at them; null is a value like any other.
 */
export function prepared<Given extends object, Row = unknown>(
  build: (db: Db, given: Given) => Compilable<Row>,
): (db: Db, given: Given) => Promise<QueryResult<Row>> {
  const known = new WeakMap<DialectAdapter, Map<string, CompiledQuery<Row>>>()
  return (db, given) => {
    const { adapter } = db.getExecutor()
    const shapes = known.get(adapter) ?? new Map<string, CompiledQuery<Row>>()
    known.set(adapter, shapes)
    const values: unknown[] = []
    const shape = flatten(given, values)
    let found = shapes.get(shape)
    if (found === undefined) {
      if (shapes.size >= mostShapes) shapes.clear()
      found = build(db, standIn(given, { count: 0 }) as Given).compile()
      shapes.set(shape, found)
    }
    const parameters = found.parameters.map((place) => (place instanceof Slot ? values[place.index] : place))
    return db.executeQuery<Row>({ ...found, parameters })
  }
}

/** Rows for inserts of a few lengths only, each of which is prepared once. */
export function inChunks<T>(rows: readonly T[]): T[][] {
  const chunks: T[][] = []
  for (let at = 0; at < rows.length; at += mostRows) chunks.push(rows.slice(at, at + mostRows))
  return chunks
}

/** Appends every value inside, in order, and names the shape they came in. */
function flatten(given: unknown, values: unknown[]): string {
  if (typeof given !== 'object' || given === null) {
    values.push(given)
    return ''
  }
  if (Array.isArray(given)) {
    let item = ''
    for (const each of given) item = flatten(each, values)
    return `[${given.length}${item}]`
  }
  let shape = '{'
  for (const key of Object.keys(given)) shape += `${key},${flatten((given as Record<string, unknown>)[key], values)}`
  return `${shape}}`
}

function standIn(given: unknown, next: { count: number }): unknown {
  if (typeof given !== 'object' || given === null) return new Slot(next.count++)
  if (Array.isArray(given)) return given.map((each) => standIn(each, next))
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, standIn(value, next)]))
}
