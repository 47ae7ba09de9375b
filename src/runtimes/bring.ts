import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Copies a conversation's file, of any size; one that is there stays. A kill leaves all of it, or a name that nobody reads. */
export async function bring(from: string, to: string): Promise<void> {
  if (from === to || (await isFile(to))) return
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const temporary = join(dirname(to), `.${basename(to)}.${randomBytes(4).toString('hex')}.tmp`)
  try {
    await copyFile(from, temporary)
    await chmod(temporary, 0o600)
    await rename(temporary, to)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Folders of the same kind, the one itself first. */
export async function besides(folder: string): Promise<string[]> {
  const names = await readdir(dirname(folder)).catch(() => [])
  return [folder, ...names.toSorted().map((name) => join(dirname(folder), name)).filter((each) => each !== folder)]
}

export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
