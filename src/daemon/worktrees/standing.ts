import { existsSync, lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { nothingStands as nothing, type KeptWorktree, type Standing } from '../../core/worktree.ts'
import { usersOf } from '../../util/in-use.ts'
import { beginningOf } from '../../util/open-regular.ts'
import { ask, entriesOf, must, parts, type Git } from './git.ts'

const operations: [string, string][] = [
  ['MERGE_HEAD', 'merge'], ['rebase-merge', 'rebase'], ['rebase-apply', 'rebase'], ['CHERRY_PICK_HEAD', 'cherry-pick'], ['REVERT_HEAD', 'revert'], ['BISECT_LOG', 'bisect'],
]
/** A path, and a word before it. bytes */
const longestNote = 16 * 1024
/** Commits that are told by name. */
const mostCommits = 20

/** Looks at everything that keeps a worktree from being removed. `leases` are not seen here. `noted`: where git has it, if it was moved since. */
export async function standingOf(git: Git, kept: KeptWorktree, noted = kept.path): Promise<Standing> {
  const { path, repository } = kept
  if (!existsSync(repository)) return { ...nothing, strange: `its repository ${repository} is gone` }
  const entry = (await entriesOf(git, repository)).find((each) => [realPlace(path), realPlace(noted)].includes(each.path))
  if (lstat(path) === undefined) return { ...nothing, missing: true }
  const strange = await strangeness(path, repository, entry !== undefined, noted)
  if (strange !== null) return { ...nothing, strange }
  const folder = realpathSync(path)
  const gitFolder = (await must(git, folder, 'rev-parse', '--absolute-git-dir')).trim()
  const { changed, untracked, ignored } = await contents(git, folder)
  return {
    ...nothing,
    locked: entry?.locked ?? null,
    processes: await usersOf(folder),
    operation: await operation(git, folder, gitFolder),
    changed,
    hidden: await hidden(git, folder),
    untracked,
    ignored,
    repositories: [...submodules(gitFolder), ...(await Promise.all(ignored.map(async (each) => await nested(folder, each)))).flat()],
    stashes: await stashes(git, repository, kept.branch),
    commits: await commits(git, folder, ['HEAD', kept.branch], kept),
  }
}

function lstat(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** As git writes it down. */
export function realPlace(path: string): string {
  const folder = dirname(path)
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path
}

/** No link on the way, and git's two notes of it point at each other: else it is not what troupe made. */
export async function strangeness(path: string, repository: string, known: boolean, noted = path): Promise<string | null> {
  for (const each of [path, dirname(path), dirname(dirname(path))]) if (lstat(each)?.isDirectory() !== true) return `${each} is no folder, but a link or a file`
  const note = join(path, '.git')
  if (lstat(note)?.isFile() !== true) return `${path} is no worktree any more: its .git is gone or another`
  const admin = /^gitdir: (.+)\n?$/.exec(await noteOf(note))?.[1]
  const back = admin === undefined ? '' : await noteOf(join(resolve(path, admin), 'gitdir'))
  const places = [path, noted].map((place) => join(realPlace(place), '.git'))
  if (!known || back === '' || !places.includes(resolve(back.trim()))) return `${path} is no worktree of ${repository} any more`
  return null
}

/** Whoever works there may have put anything in its place: a pipe that nobody writes to, a folder, a file without an end. */
async function noteOf(file: string): Promise<string> {
  const found = await beginningOf(file, longestNote).catch(() => null) // a name that no file can have
  return found?.content.toString('utf8') ?? ''
}

async function contents(git: Git, folder: string): Promise<Pick<Standing, 'changed' | 'untracked' | 'ignored'>> {
  const entries = parts(await must(git, folder, 'status', '--porcelain=v2', '-z', '--untracked-files=normal', '--ignored=matching', '--ignore-submodules=none', '--no-renames'))
  const marked = (mark: string): string[] => entries.filter((entry) => entry.startsWith(`${mark} `)).map((entry) => entry.slice(2))
  const changed = entries.filter((entry) => /^[12u] /.test(entry)).map((entry) => entry.split(' ').slice(entry.startsWith('u ') ? 10 : 8).join(' '))
  return { changed, untracked: marked('?'), ignored: marked('!') }
}

/** Files whose changes `status` does not show. */
async function hidden(git: Git, folder: string): Promise<string[]> {
  return parts(await must(git, folder, 'ls-files', '-v', '-z'))
    .filter((line) => /^[a-z] /.test(line) || (line.startsWith('S ') && lstat(join(folder, line.slice(2))) !== undefined))
    .map((line) => line.slice(2))
}

async function operation(git: Git, folder: string, gitFolder: string): Promise<string | null> {
  const found = operations.find(([name]) => existsSync(join(gitFolder, name)))
  if (found !== undefined) return found[1]
  const refs = await must(git, folder, 'for-each-ref', '--format=%(refname)', 'refs/worktree', 'refs/bisect')
  return refs.trim() === '' ? null : 'bisect, or work with refs of its own,'
}

/** Of submodules that were checked out here: their commits are kept beside this worktree, and go with it. */
function submodules(gitFolder: string): string[] {
  const modules = join(gitFolder, 'modules')
  return existsSync(modules) ? readdirSync(modules) : []
}

/** Repositories below a folder that git ignores. */
async function nested(folder: string, ignored: string): Promise<string[]> {
  const top = join(folder, ignored)
  if (lstat(top)?.isDirectory() !== true) return []
  // What was installed there may be a hundred thousand files: the daemon goes on meanwhile.
  return (await readdir(top, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.name === '.git')
    .map((entry) => entry.parentPath.slice(folder.length + 1))
}

/** They belong to the repository, but name the branch that they were made on. */
async function stashes(git: Git, repository: string, branch: string): Promise<string[]> {
  const all = parts((await ask(git, repository, 'stash', 'list', '-z', '--format=%gs')) ?? '')
  return all.filter((subject) => subject.startsWith(`WIP on ${branch}:`) || subject.startsWith(`On ${branch}:`))
}

/** What is on no other branch, no remote, no tag, and not where people stand in the repository. */
export async function commits(git: Git, folder: string, from: (string | null)[], { branch, repository }: KeptWorktree): Promise<string[]> {
  const starts: string[] = []
  for (const each of from) {
    const commit = each === null ? null : await ask(git, folder, 'rev-parse', '--verify', '--quiet', `${each === 'HEAD' || /^[0-9a-f]{40,64}$/.test(each) ? each : `refs/heads/${each}`}^{commit}`)
    if (commit !== null) starts.push(commit)
  }
  if (starts.length === 0) return []
  const here = await ask(git, repository, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}')
  const safe = [`--exclude=${branch}`, '--branches', '--remotes', '--tags', ...(here === null ? [] : [here])]
  return parts(await must(git, folder, 'log', '-z', '--format=%h %s', `--max-count=${mostCommits}`, ...starts, '--not', ...safe))
}
