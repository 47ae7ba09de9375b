import type { TaskRow } from '../../api/task.ts'
import { markOf, type Known } from '../../core/task-file/run.ts'
import type { Cli } from '../cli.ts'
import type { OpenFile } from './read.ts'
import { writeTaskFile, type Outcome } from './write.ts'

/** Keys of one question. */
const most = 1000

export type Row = TaskRow & Known

/** What the daemon knows of the file's tasks: those that are in it, and the newest of those that were. */
export async function rowsFor(cli: Cli, { prefix }: OpenFile, keys: readonly string[]): Promise<Row[]> {
  const found = new Map<string, Row>()
  const take = (rows: readonly TaskRow[]): void => {
    for (const row of rows) if (row.key?.startsWith(prefix) === true) found.set(row.key, { ...row, key: row.key })
  }
  for (let at = 0; at < keys.length; at += most) take(await cli.call('task.list', { keys: keys.slice(at, at + most).map((key) => prefix + key), limit: most }, 'asking the daemon'))
  take(await cli.call('task.list', { limit: most }, 'asking the daemon'))
  return [...found.values()]
}

/** Writes how they stand into the file. `again`: keys of those that are begun anew. */
export async function writeRows(file: OpenFile, rows: readonly Row[], again: ReadonlySet<string> = new Set()): Promise<Outcome> {
  return await writeTaskFile(file, rows.flatMap((row) => markOf(row, file.prefix, again.has(row.key)) ?? []))
}

/** What nobody finds in the file any more is said; it is no fault. */
export function tellMissing({ out }: Cli, { missing }: Outcome): void {
  for (const { title, arrow } of missing) out.warn(`"${title}" is not in the file any more: nothing is written for ${arrow.worker} (${arrow.status})`)
}
