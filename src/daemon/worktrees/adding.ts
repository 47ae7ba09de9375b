import { lstatSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TroupeError } from '../../core/error.ts'
import type { KeptWorktree, Worktree } from '../../core/worktree.ts'
import { isArgument } from '../../util/in-use.ts'
import { ask, entriesOf, must, type Git } from './git.ts'
import { realPlace } from './standing.ts'

/** How long a git that was left behind may take, and how often it is looked for. ms */
const longestMs = 120_000
const pauseMs = 100
/** Of one branch name. */
const mostTries = 100

export interface Start {
  branch: string
  base: string
}

/**
 * Makes a worktree: `note` writes down what is about to be made, and gives the row. An `earlier` one whose folder is gone comes back on
 * its branch, with the work that was committed there.
 */
export async function add(git: Git, { path, repository, branch }: Worktree, earlier: KeptWorktree | null, note: (start: Start) => Promise<KeptWorktree>): Promise<KeptWorktree> {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new TroupeError('conflict', `there is something at ${path}, where the worktree would be, that troupe did not make`, { hint: 'look what it is, and move it away', facts: { path } })
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (earlier !== null) {
    await forget(git, repository, path)
    if ((await tipOf(git, repository, earlier.branch)) !== null) {
      await must(git, repository, 'worktree', 'add', '--', path, earlier.branch)
      return earlier
    }
  }
  const base = await ask(git, repository, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}')
  if (base === null) throw new TroupeError('config', `the repository ${repository} has no commit that a worktree could begin with`, { hint: `git -C ${repository} commit --allow-empty -m "begin"` })
  const row = await note({ base, branch: await freeBranch(git, repository, branch) })
  await must(git, repository, 'worktree', 'add', '-b', row.branch, '--', path, base)
  return row
}

/** A branch that is there may hold somebody's work: it is never taken over. */
async function freeBranch(git: Git, repository: string, wanted: string): Promise<string> {
  for (let n = 1; n <= mostTries; n += 1) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if ((await tipOf(git, repository, name)) === null) return name
  }
  throw new TroupeError('conflict', `there are ${mostTries} branches called ${wanted}`, { hint: `git -C ${repository} branch --list '${wanted}*', and remove what is over` })
}

export async function tipOf(git: Git, repository: string, branch: string): Promise<string | null> {
  return await ask(git, repository, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`)
}

/** What git keeps of a worktree whose folder is gone. A commit that only its HEAD held gets a ref. */
export async function forget(git: Git, repository: string, path: string): Promise<void> {
  const places = new Set([path, goingPlace(path), gonePlace(path)].map(realPlace))
  for (const entry of await entriesOf(git, repository)) {
    if (!places.has(entry.path) || lstatSync(entry.path, { throwIfNoEntry: false }) !== undefined) continue
    if (entry.branch === null && entry.head !== null) await must(git, repository, 'update-ref', `refs/troupe/kept/${entry.head}`, entry.head)
    await must(git, repository, 'worktree', 'remove', '--', entry.path)
  }
}

/** Where it waits while it is looked at for the last time, and where it goes. Beside it, so that one step moves it. */
export function goingPlace(path: string): string {
  return `${path}.going`
}

export function gonePlace(path: string): string {
  return `${path}.gone`
}

/** The git of a daemon that was killed goes on by itself: it has the path among its arguments. */
async function otherEnded(path: string): Promise<void> {
  for (let waited = 0; await isArgument(path); waited += pauseMs) {
    if (waited >= longestMs) throw new TroupeError('unavailable', `git is still at work on ${path}`, { hint: 'try again when it has ended' })
    await pause(pauseMs)
  }
}

/** Nobody has worked in one that was never finished: what is there of it goes, and its branch where that is as it was made. */
export async function dropHalfMade(git: Git, { path, repository, branch, base }: KeptWorktree): Promise<void> {
  await otherEnded(path)
  const entry = (await entriesOf(git, repository)).find((each) => each.path === realPlace(path))
  if (entry !== undefined) await must(git, repository, 'worktree', 'remove', '--force', '--force', '--', entry.path)
  else if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) rmdirSync(path)
  const tip = await tipOf(git, repository, branch)
  const elsewhere = (await entriesOf(git, repository)).some((each) => each.branch === branch)
  if (tip === base && !elsewhere) await must(git, repository, 'update-ref', '-d', `refs/heads/${branch}`, tip)
}
