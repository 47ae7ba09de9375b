import { mkdirSync, openSync, closeSync, fsyncSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { syncFolder } from '../../util/atomic-write.ts'
import { run } from '../../util/spawn.ts'
import { must, wordsOf, type Git } from './git.ts'

/**
 * Copies a worktree whole into one file: every file as it is, also what git ignores, and what git keeps beside it. A commit that no
 * branch holds gets a ref. Returns the file.
 */
export async function archive(git: Git, path: string, repository: string, folder: string, name: string, env: Record<string, string>): Promise<string> {
  const admin = (await must(git, path, 'rev-parse', '--absolute-git-dir')).trim()
  const head = (await must(git, path, 'rev-parse', '--verify', 'HEAD^{commit}')).trim()
  await must(git, repository, 'update-ref', `refs/troupe/kept/${name}`, head)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${name}.tar.gz`)
  const temporary = `${file}.tmp`
  try {
    const ran = await run(['tar', '-czf', temporary, '-C', dirname(path), `./${basename(path)}`, '-C', dirname(dirname(admin)), `./${basename(dirname(admin))}/${basename(admin)}`], { env: { ...env, LC_ALL: 'C' } })
    if (ran.code !== 0) throw new TroupeError('failed', `the copy of ${path} could not be made: ${wordsOf(ran)}`, { hint: 'nothing was removed' })
    const fd = openSync(temporary, 'r')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
  return file
}
