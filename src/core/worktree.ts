import { sha256 } from './event.ts'
import { relative, resolve } from './paths.ts'

/** An agent's own working copy of a git repository, beside the one that people work in. */
export interface Worktree {
  /** The folder that the agent would work in without it; it lies in the repository. */
  from: string
  /** Top of the repository. */
  repository: string
  /** Absolute; outside of the repository. */
  path: string
  /** What it is called at first; a number follows where that is taken. */
  branch: string
  /** The folder in it that takes the place of `from`. */
  folder: string
}

/** One that was made, as it is written down. `making` and `removing` are what a crash leaves behind. */
export interface KeptWorktree {
  path: string
  agent: string
  repository: string
  branch: string
  /** The commit that it began with. */
  base: string
  state: 'making' | 'made' | 'removing'
  madeAt: number
}

export interface Wanted {
  /** Where all of them are. */
  home: string
  root: string
  team: string
  project: string
  agent: string
  repository: string
  cwd: string
}

const longestSlug = 40

/** The same agent has the same place each time. Names are any text: what git or a file system might misread is replaced. */
export function worktreeOf({ home, root, team, project, agent, repository, cwd }: Wanted): Worktree {
  const name = slug(repository.slice(repository.lastIndexOf('/') + 1))
  const place = `${name}-${sha256(`${root}\0${repository}`).slice(0, 10)}`
  const group = team === project ? slug(team) : slug(`${team}-${project}`)
  const path = resolve(home, `${place}/${slug(project)}.${slug(agent)}`)
  return { from: cwd, repository, path, branch: `troupe/${group}/${slug(agent)}`, folder: resolve(path, relative(repository, cwd)) }
}

/** Lower case, since some file systems see no difference; what was changed carries a hash, so that no two become one. */
function slug(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '')
  if (plain === text && plain.length <= longestSlug) return plain
  return [plain.slice(0, longestSlug).replace(/-+$/, ''), sha256(text).slice(0, 6)].filter((part) => part !== '').join('-')
}

/** Everything about a worktree that its removal would lose or disturb. Paths are relative to it. */
export interface Standing {
  /** It is not there any more, so that nothing of it can be lost. */
  missing: boolean
  /** Why what is there is not the worktree that was made. */
  strange: string | null
  /** The reason that was given; empty where none was. */
  locked: string | null
  /** Agents that run in it. */
  leases: string[]
  processes: { pid: number; program: string }[]
  /** `merge`, `rebase`, … */
  operation: string | null
  changed: string[]
  /** git was told not to look at these. */
  hidden: string[]
  untracked: string[]
  ignored: string[]
  /** Repositories inside of it. */
  repositories: string[]
  stashes: string[]
  /** Commits that no other branch, no remote and no tag has. */
  commits: string[]
}

/** Of one that nothing stands in. */
export const nothingStands: Standing = { missing: false, strange: null, locked: null, leases: [], processes: [], operation: null, changed: [], hidden: [], untracked: [], ignored: [], repositories: [], stashes: [], commits: [] }

export interface Reason {
  what: string
  fix: string
}

export interface Removal {
  /** A copy of everything is made first. */
  force: boolean
  /** Files that git ignores may go: they can be made again. */
  dropIgnored: boolean
}

/** Why it must stay; empty where nothing would be lost. What is in use stays in any case. */
export function reasonsToStay(standing: Standing, { force, dropIgnored }: Removal): Reason[] {
  if (standing.missing) return []
  const { strange, locked, leases, processes, operation } = standing
  if (strange !== null) return [{ what: strange, fix: 'look what is there; troupe touches nothing that it did not make' }]
  const inUse: Reason[] = [
    ...leases.map((agent) => ({ what: `${agent} runs in it`, fix: `troupe stop ${agent}` })),
    ...(processes.length === 0 ? [] : [{ what: `${processes.map(({ pid, program }) => `${program} (process ${pid})`).join(', ')} works in it`, fix: 'end it, or let it leave the folder' }]),
    ...(locked === null ? [] : [{ what: locked === '' ? 'it is locked' : `it is locked: ${locked}`, fix: 'git worktree unlock' }]),
  ]
  return force ? inUse : [...inUse, ...(operation === null ? [] : [{ what: `a ${operation} is under way in it`, fix: 'end it' }]), ...wouldLose(standing, dropIgnored)]
}

function wouldLose(standing: Standing, dropIgnored: boolean): Reason[] {
  const { changed, hidden, untracked, ignored, repositories, stashes, commits } = standing
  const losses: [string[], string, string][] = [
    [changed, 'changed and not committed', 'commit or discard them'],
    [hidden, 'hidden from git by update-index', 'git update-index --no-assume-unchanged --no-skip-worktree'],
    [untracked, 'not tracked', 'commit, move or remove them'],
    [dropIgnored ? [] : ignored, 'ignored by git', '--drop-ignored lets them go'],
    [repositories, 'repositories of their own', 'push them and take them out'],
    [stashes, 'stashed on its branch', 'apply or drop them'],
    [commits, 'commits that are nowhere else', 'merge or push them'],
  ]
  return losses.filter(([all]) => all.length > 0).map(([all, what, fix]) => ({ what: `${what}: ${few(all)}`, fix }))
}

function few(all: readonly string[]): string {
  return all.length <= 5 ? all.join(', ') : `${all.slice(0, 5).join(', ')} and ${all.length - 5} more`
}
