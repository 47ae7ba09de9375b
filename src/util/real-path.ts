import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

const mostLinks = 20

/** Where a path leads, links followed, also one that points to nothing yet; what does not exist stays as it is named. `path` is absolute. */
export async function realOf(path: string, links = 0): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    // Missing, or it cannot be looked at: what it would be then is told by what is there.
  }
  const to = links < mostLinks ? await readlink(path).catch(() => null) : null
  if (to !== null) return await realOf(resolve(dirname(path), to), links + 1)
  return dirname(path) === path ? path : join(await realOf(dirname(path), links), basename(path))
}
