import { homedir } from 'node:os'
import { join } from 'node:path'
import { worktreeOf, type Worktree } from '../../core/worktree.ts'
import { repositoryOf } from '../../util/repository.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import { workingFolder } from './files.ts'
import type { TeamScope } from './scope.ts'

/** Where worktrees are. The home folder alone decides: a place that follows other variables would move under agents that run. */
export function worktreesHome(): string {
  return join(homedir(), '.troupe', 'worktrees')
}

/** Where the agent works: in a worktree of its own, in the folder that takes its place, or in `cwd` as it is. */
export function agentFolder(id: string, raw: Pick<RawAgent, 'worktree' | 'cwd_override'>, cwd: string, project: string, scope: TeamScope, place: Place): { cwd: string; worktree: Worktree | null } {
  if (raw.cwd_override !== null) {
    if (raw.worktree === true) place.at('cwd_override').errorAtKey('`cwd_override` names the folder to work in, and `worktree` asks for another one', 'take one of the two out')
    return { cwd: workingFolder(cwd, raw.cwd_override, place.at('cwd_override')), worktree: null }
  }
  if (!(raw.worktree ?? scope.worktrees)) return { cwd, worktree: null }
  const found = repositoryOf(cwd)
  if (found === null) {
    const none = `${cwd} lies in no git repository`
    if (raw.worktree === true) place.at('worktree').error(`${none}, so that \`${id}\` can have no worktree of it`, 'git init there, name another cwd, or take `worktree` out')
    // What is said for all holds where it can; older team files say it for folders of any kind.
    else place.warningAtKey(`${none}: \`${id}\` works in it as it is, without a worktree`, 'supervisor.worktree_isolation asks for one: git init there, or say `worktree: false` here')
    return { cwd, worktree: null }
  }
  const { top, real } = found
  const worktree = worktreeOf({ home: worktreesHome(), root: scope.root, team: scope.name, project, agent: id, repository: top, cwd: real })
  return { cwd: worktree.folder, worktree }
}
