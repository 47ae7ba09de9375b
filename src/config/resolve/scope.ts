import type { RuntimeDescriptor } from '../../core/team.ts'
import type { Known } from '../known.ts'

/** What the whole team has in common while one of its parts is being resolved. */
export interface TeamScope {
  root: string
  known: Known
  descriptors: ReadonlyMap<string, RuntimeDescriptor>
  /** Names of rate-limit hooks, `wait` included. */
  hooks: readonly string[]
  /** What the team is called. */
  name: string
  /** Each agent that says nothing has a worktree. */
  worktrees: boolean
  /** Of agents that say nothing. */
  metering: 'records' | 'proxy'
}

/** What the agents of one project know of each other. */
export interface ProjectScope extends TeamScope {
  project: string
  cwd: string
  managers: readonly string[]
  agents: readonly string[]
  channels: readonly { name: string; members: readonly string[] }[]
}
