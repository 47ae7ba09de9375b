import { realpathSync, statSync } from 'node:fs'
import { isMap, isNode, isScalar, parseDocument, Scalar, stringify, type Document } from 'yaml'
import { TroupeError } from '../core/error.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import { readText } from './text.ts'

/** Workers in a project's file, added and taken out by program: comments and everything else stay as they are written. */

/** An entry below `workers:`, in the words of YAML. */
export type WorkerEntry = Record<string, string | boolean | number | string[] | Record<string, number>>

/** The text with this worker added, or with another entry in its place. Throws `usage` for a text that YAML cannot hold. */
export function withWorker(text: string, id: string, entry: WorkerEntry): string {
  return withWorkers(text, new Map([[id, entry]]))
}

/** All of them at once: the text is read as often as for one, and a file may have hundreds. */
export function withWorkers(text: string, entries: ReadonlyMap<string, WorkerEntry>): string {
  const base = withoutWorkers(text, [...entries.keys()])
  const wanted = JSON.stringify({ ...plain(base), ...Object.fromEntries(entries) })
  for (const after of [inserted(base, entries), set(base, entries)]) if (after !== null && JSON.stringify(plain(after)) === wanted) return after
  throw new TroupeError('usage', 'the text holds something that the team’s files cannot hold', { hint: 'put it into a file, and name the file in the task', facts: { workers: [...entries.keys()] } })
}

export function withoutWorkers(text: string, ids: readonly string[]): string {
  const there = plain(text)
  const going = new Set(ids.filter((id) => there[id] !== undefined))
  if (going.size === 0) return text
  const [byLines, anew] = [cutOut(text, going), deleted(text, going)]
  return byLines !== null && equal(byLines, anew) ? byLines : anew
}

/** Below the last worker of a block, as it would be typed there; null where the file is written in another way. */
function inserted(text: string, entries: ReadonlyMap<string, WorkerEntry>): string | null {
  const last = blockOf(text)?.at(-1)
  if (last === undefined) return null
  const lines = stringify(Object.fromEntries([...entries].map(([id, entry]) => [id, quoted(entry)])), { lineWidth: 0 }).trimEnd().split('\n')
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const kept = text.slice(last.from, last.to).trimEnd()
  const end = last.from + kept.length
  return `${text.slice(0, end)}${lines.map((line) => `${newline}${' '.repeat(last.column)}${line}`).join('')}${text.slice(end) || newline}`
}

/** Without the lines of these workers; null where they do not stand on lines of their own, or nobody else does. */
function cutOut(text: string, ids: ReadonlySet<string>): string | null {
  const block = blockOf(text)
  const found = block?.filter((item) => ids.has(item.id)) ?? []
  if (block === null || found.length < ids.size || block.length <= found.length) return null
  return found.toReversed().reduce((left, { from, to, column }) => {
    const end = from + left.slice(from, to).trimEnd().length
    const next = left.indexOf('\n', end)
    return left.slice(0, from - column) + (next < 0 ? '' : left.slice(next + 1))
  }, text)
}

interface Item {
  id: string
  column: number
  /** Of the key, and behind the value with its comment. */
  from: number
  to: number
}

/** The workers where they stand in a block, one below the other. */
function blockOf(text: string): Item[] | null {
  const workers = parsed(text).get('workers')
  if (!isMap(workers) || workers.flow === true) return null
  const items = workers.items.map(({ key, value }): Item | null => {
    if (!isScalar(key) || key.range == null) return null
    const from = key.range[0]
    const column = from - (text.lastIndexOf('\n', from - 1) + 1)
    const valueEnd = isNode(value) && value.range != null ? value.range[1] : key.range[1]
    const lineEnd = text.indexOf('\n', Math.max(from, valueEnd - 1))
    return { id: String(key.value), column, from, to: lineEnd < 0 ? text.length : lineEnd }
  })
  return items.every((item) => item !== null) ? items : null
}

/** By way of the syntax tree: comments stay, but may move. */
function set(text: string, entries: ReadonlyMap<string, WorkerEntry>): string {
  const document = parsed(text)
  if (!isMap(document.get('workers'))) document.set('workers', document.createNode({}))
  const workers = document.get('workers')
  if (isMap(workers) && workers.items.length === 0) workers.flow = false
  for (const [id, entry] of entries) document.setIn(['workers', id], document.createNode(quoted(entry)))
  return document.toString({ lineWidth: 0 })
}

function deleted(text: string, ids: ReadonlySet<string>): string {
  const document = parsed(text)
  for (const id of ids) document.deleteIn(['workers', id])
  return document.toString({ lineWidth: 0 })
}

/** Lines that end in blanks, or begin with them, come through only in quotes. */
function quoted(entry: WorkerEntry): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => {
    if (typeof value !== 'string' || !/[\n\r]/.test(value)) return [key, value]
    const scalar = new Scalar(value)
    scalar.type = Scalar.QUOTE_DOUBLE
    return [key, scalar]
  }))
}

function plain(text: string): Record<string, unknown> {
  return (parsed(text).toJS() as { workers?: Record<string, unknown> | null } | null)?.workers ?? {}
}

function equal(one: string, other: string): boolean {
  return JSON.stringify(parsed(one).toJS()) === JSON.stringify(parsed(other).toJS())
}

/** What stands there for a worker; undefined where nothing does. */
export function workerEntry(text: string, id: string): unknown {
  return plain(text)[id]
}

/** Replaces a file of the team's whole, with its mode, and behind a link where it is one. */
export function writeTeamFile(file: string, text: string): void {
  const real = realpathSync(file)
  const { mode } = statSync(real)
  writeAtomic(real, text, { mode: mode & 0o777 })
}

/** Throws `config` where it cannot be read. */
export function readTeamFile(file: string): string {
  const read = readText(file)
  if ('text' in read) return read.text
  throw new TroupeError('config', `the file ${file} ${read.problem}`, { hint: 'troupe validate' })
}

function parsed(text: string): Document {
  const document = parseDocument(text)
  if (document.errors.length === 0) return document
  throw new TroupeError('config', 'the project’s file has errors', { hint: 'troupe validate shows them' })
}
