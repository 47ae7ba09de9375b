import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from './atomic-write.ts'

/** One file of a folder that was copied: its path there, with slashes. */
export interface ManifestFile {
  path: string
  bytes: number
  sha256: string
}

/** Regular files below a folder, by their paths in it; links, what is neither file nor folder, and folders that `enter` refuses are left out. */
export async function filesBelow(folder: string, enter: (path: string) => boolean = () => true, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)))
  const found: string[] = []
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory() && enter(path)) found.push(...(await filesBelow(folder, enter, path)))
    else if (entry.isFile()) found.push(path)
  }
  return found
}

export async function describeFile(folder: string, path: string): Promise<ManifestFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

/** A copy, 0600, or 0700 of a program, synced; its folders 0700. Not of a link. */
export async function copySynced(from: string, to: string): Promise<void> {
  const found = await lstat(from)
  if (!found.isFile()) throw new TypeError(`${from} is not a regular file`)
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await copyFile(from, to)
  const file = await open(to, 'r+')
  try {
    await file.chmod((found.mode & 0o100) === 0 ? 0o600 : 0o700)
    await file.sync()
  } finally {
    await file.close()
  }
  syncFolder(dirname(to))
}

/** A path of a manifest stays below its folder: no `..`, nothing absolute. Any other character may stand in a name. */
export function isPlainPath(path: string): boolean {
  return path !== '' && !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}
