import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { databaseName } from '../../core/backup.ts'
import { syncFolder } from '../../util/atomic-write.ts'
import { copySynced } from '../../util/manifest.ts'
import type { Backup } from './read-backup.ts'

/**
 * Puts a checked backup into a root; where it set aside what was there, null if nothing was. A new root appears whole, by
 * one rename. In one that is there, files of the team are copied aside and replaced one by one, then the whole `state`
 * goes aside and the new one in its place: cut short at any point, doing it again ends it, and nothing is lost.
 */
export async function putBack(folder: string, backup: Backup, root: string): Promise<string | null> {
  const staged = `${root}.${process.pid}.restore`
  rmSync(staged, { recursive: true, force: true })
  try {
    mkdirSync(staged, { recursive: true, mode: 0o700 })
    for (const { path } of backup.files) await copySynced(join(folder, path), join(staged, path === databaseName ? backup.database : path))
    mkdirSync(join(staged, 'state'), { recursive: true, mode: 0o700 })
    mkdirSync(dirname(root), { recursive: true })
    if (!existsSync(root)) {
      renameSync(staged, root)
      syncFolder(dirname(root))
      return null
    }
    return await replace(staged, backup, root)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}

async function replace(staged: string, { at, files, database }: Backup, root: string): Promise<string> {
  const aside = freeName(join(root, `state.before-restore-${new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`))
  const beside = files.map(({ path }) => (path === databaseName ? database : path)).filter((path) => !path.startsWith('state/'))
  for (const path of beside) {
    if (existsSync(join(root, path))) await copySynced(join(root, path), join(`${aside}.files`, path))
  }
  for (const path of beside) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    renameSync(join(staged, path), join(root, path))
  }
  // A log of the database that was there before would be taken for the new one's.
  for (const name of [`${database}-wal`, `${database}-shm`]) {
    if (database.startsWith('state/') || !existsSync(join(root, name))) continue
    mkdirSync(dirname(join(`${aside}.files`, name)), { recursive: true })
    renameSync(join(root, name), join(`${aside}.files`, name))
  }
  if (existsSync(join(root, 'state'))) renameSync(join(root, 'state'), aside)
  renameSync(join(staged, 'state'), join(root, 'state'))
  syncFolder(root)
  return aside
}

function freeName(wanted: string): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if (!existsSync(name) && !existsSync(`${name}.files`)) return name
  }
}
