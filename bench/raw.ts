import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What the disk gives: commits a second of bare `node:sqlite`, FULL, one insert each. Taken beside a figure, in its run. */
export function bareSqlite(commits = 3_000): number {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
  const database = new DatabaseSync(join(folder, 'raw.db'))
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full; create table m (id integer primary key, text text)')
    const insert = database.prepare('insert into m (text) values (?)')
    const begun = performance.now()
    for (let index = 0; index < commits; index++) insert.run(`message ${index} of the same length as the others are, more or less`)
    return commits / ((performance.now() - begun) / 1000)
  } finally {
    database.close()
    rmSync(folder, { recursive: true })
  }
}

export function besideBare(before: number, after: number): string {
  const perSecond = (value: number): string => Math.round(value).toLocaleString('en')
  return `bare node:sqlite, one insert a commit, just before and after: ${perSecond(before)} and ${perSecond(after)}/s`
}
