import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A folder with what git looks for in it, or the file that stands for one elsewhere. */
function isGit(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && (found.isFile() || existsSync(join(path, 'HEAD')))
}

/** The top of the git repository (or worktree) that a folder lies in, and the folder itself, both without links; null where there is none. */
export function repositoryOf(folder: string): { top: string; real: string } | null {
  if (!existsSync(folder)) return null
  const real = realpathSync(folder)
  for (let at = real; ; at = dirname(at)) {
    if (isGit(join(at, '.git'))) return { top: at, real }
    if (dirname(at) === at) return null
  }
}
