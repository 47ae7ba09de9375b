import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { findTaskFile, keysIn } from '../task-file/read.ts'
import { rowsFor, tellMissing, writeRows } from '../task-file/rows.ts'
import { count } from '../text.ts'

/** Writes how the file's tasks stand into it. */
export async function sync(cli: Cli, given: Given): Promise<void> {
  const file = await findTaskFile(cli, given.required('file'))
  const rows = await rowsFor(cli, file, await keysIn(file))
  const outcome = await writeRows(file, rows)
  tellMissing(cli, outcome)
  const { changed, missing } = outcome
  const done = changed.filter(({ box }) => box === 'ticked').length
  cli.out.show({ file: file.path, changed: changed.map(({ title, arrow }) => ({ title, ...arrow })), missing: missing.map(({ title, arrow }) => ({ title, ...arrow })) }, () => {
    cli.out.line(changed.length === 0 ? 'No updates to sync.' : `Synced ${count(changed.length, 'task')} (${done} completed).`)
  })
}
