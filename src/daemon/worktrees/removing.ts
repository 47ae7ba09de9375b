import { lstatSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { reasonsToStay, type KeptWorktree, type Removal } from '../../core/worktree.ts'
import { syncFolder } from '../../util/atomic-write.ts'
import { forget, goingPlace, gonePlace, tipOf } from './adding.ts'
import { archive } from './archive.ts'
import { entriesOf, must, type Git } from './git.ts'
import { commits, standingOf } from './standing.ts'

/**
 * Moves it aside, so that nobody comes in any more, looks at it once more there (or copies it whole, with `force`), moves it again as a
 * mark that it goes, and only then removes it. Returns the copy. Links inside of it are removed, never followed.
 */
export async function remove(git: Git, kept: KeptWorktree, removal: Removal, env: Record<string, string>): Promise<string | null> {
  const { path, repository } = kept
  const [going, gone] = [goingPlace(path), gonePlace(path)]
  let backup: string | null = null
  if (isThere(path)) {
    renameSync(path, going)
    const moved = await standingOf(git, { ...kept, path: going }, path)
    const reasons = reasonsToStay(moved, removal)
    if (reasons.length > 0) throw new TroupeError('conflict', `the worktree of ${kept.agent} was used meanwhile: ${reasons.map(({ what }) => what).join('; ')}`, { hint: 'try again when nobody works in it' })
    if (removal.force && reasonsToStay(moved, { force: false, dropIgnored: false }).length > 0) {
      const name = `${basename(path)}-${Math.trunc(lstatSync(going).ctimeMs)}`
      backup = await archive(git, going, repository, join(dirname(dirname(path)), 'kept'), name, env)
    }
    renameSync(going, gone)
    syncFolder(dirname(path))
  }
  await finish(git, kept)
  return backup
}

/** What a removal that was cut short comes to: what was not marked to go comes back. */
export async function mendRemoval(git: Git, kept: KeptWorktree): Promise<'gone' | 'there'> {
  const { path } = kept
  if (isThere(path)) return 'there'
  if (isThere(goingPlace(path)) && !isThere(gonePlace(path))) {
    renameSync(goingPlace(path), path)
    syncFolder(dirname(path))
    // git may have noted the other place meanwhile.
    await must(git, kept.repository, 'worktree', 'repair', path)
    return 'there'
  }
  await finish(git, kept)
  return 'gone'
}

async function finish(git: Git, kept: KeptWorktree): Promise<void> {
  const { path, repository, branch } = kept
  await rm(gonePlace(path), { recursive: true, force: true })
  await forget(git, repository, path)
  const tip = await tipOf(git, repository, branch)
  if (tip === null || (await entriesOf(git, repository)).some((each) => each.branch === branch)) return
  // What nobody else has stays on its branch.
  if ((await commits(git, repository, [branch], kept)).length === 0) await must(git, repository, 'update-ref', '-d', `refs/heads/${branch}`, tip)
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
