import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { programVersion } from '../api/index.ts'
import { backupFormat, databaseName, isInBackup, isTakenAlong, manifestName, mayHold } from '../core/backup.ts'
import type { Clock } from '../core/clock.ts'
import { systemFault } from '../core/disk.ts'
import { TroupeError } from '../core/error.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import { syncFolder, writeAtomic } from '../util/atomic-write.ts'
import { isInside } from '../util/open-regular.ts'
import { copySynced, describeFile, filesBelow, type ManifestFile } from '../util/manifest.ts'

export interface BackupParts {
  store: Store
  clock: Clock
  paths: Paths
}

export interface BackedUp {
  files: number
  bytes: number
  /** Absolute: what the team's files name and the backup has not, since it lies outside of the root. */
  outside: string[]
}

/**
 * Writes everything that makes a root into a new folder, while the team goes on: whole or not at all. First what notes
 * how far the journal was, then the database, then the files that its rows name: each is at least as new as what looks for it.
 * `named`: files and folders that the team's files name, absolute, wherever they are.
 */
export async function backUp({ store, clock, paths }: BackupParts, target: string, withEnv: boolean, named: readonly string[]): Promise<BackedUp> {
  const { root } = paths
  if (existsSync(target)) throw new TroupeError('usage', `${target} is there already`, { hint: 'name a new folder' })
  const part = `${target}.${process.pid}.part`
  rmSync(part, { recursive: true, force: true })
  try {
    makeFolder(part)
    await copy(root, part, ['state/journal-head.json', 'state/team-id'])
    await store.backup(join(part, databaseName))
    const all = (await filesBelow(root, mayHold)).filter((path) => isInBackup(path, withEnv))
    const there = named.filter((path) => existsSync(path))
    await copy(root, part, [...all, ...(await takenAlong(root, there))])
    const files: ManifestFile[] = []
    for (const path of await filesBelow(part)) files.push(await describeFile(part, path))
    const manifest = { format: backupFormat, troupe: programVersion, at: clock.now(), root, database: relative(root, store.where), withEnv, files }
    writeAtomic(join(part, manifestName), `${JSON.stringify(manifest, null, 2)}\n`)
    renameSync(part, target)
    syncFolder(dirname(target))
    await store.write(async (tx) => tx.journal({ type: 'backup.done', subject: 'backup', agent: null, data: { to: target, files: files.length, withEnv } }))
    return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), outside: there.filter((path) => !isInside(root, path)) }
  } catch (error) {
    throw systemFault(error) ?? error
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

/** One by one: where the system answers that a new folder's parent is not there although it is (/proc), Node's own way tries for ever. */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** Files of the root by their paths there: those that are named, and all below a folder that is. */
async function takenAlong(root: string, named: readonly string[]): Promise<string[]> {
  const paths = named.filter((path) => isInside(root, path)).map((path) => relative(root, path).split(sep).join('/'))
  const found = await Promise.all(paths.map(async (path) => (statSync(join(root, path)).isDirectory() ? (await filesBelow(join(root, path))).map((file) => `${path}/${file}`) : [path])))
  return found.flat().filter(isTakenAlong)
}

/** One that went meanwhile, such as a role that is being rewritten, or a file of mail that gc took, is not in it. */
async function copy(root: string, part: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (existsSync(join(part, path))) continue
    // What the team's files name may be a link to another file of the root: its content is what counts.
    await copySynced(realOf(join(root, path)), join(part, path)).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)))
  }
}

function realOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}
