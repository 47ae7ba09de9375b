import { z } from 'zod'
import { operation } from './operation.ts'

/** Worktrees of agents: where they are, and why they stay. */

const worktree = z.object({
  agent: z.string(),
  path: z.string(),
  repository: z.string(),
  branch: z.string(),
  base: z.string().describe('The commit that it began with'),
  madeAt: z.number(),
})
const reasons = z.array(z.object({ what: z.string(), fix: z.string() })).describe('Why it stays; empty where nothing would be lost')
const dropIgnored = z.boolean().default(false).describe('Files that git ignores may go')

export const worktrees = {
  'worktree.list': operation({
    about: 'Worktrees that troupe made for agents, and why each of them stays.',
    who: ['operator'],
    input: z.object({}),
    output: z.array(worktree.extend({ declared: z.boolean().describe('Of an agent that the team has'), missing: z.boolean().describe('Its folder is gone'), reasons })),
  }),
  'worktree.remove': operation({
    about: 'Remove the worktree of one agent. Refused while anything of it would be lost.',
    who: ['operator'],
    input: z.object({
      name: z.string().min(1).max(500).describe('Its agent, its branch or its folder'),
      force: z.boolean().default(false).describe('A copy of everything in it is made first; what is in use still stays'),
      dropIgnored,
    }),
    output: z.object({ worktree, backup: z.string().nullable().describe('The file with the copy') }),
  }),
  'worktree.prune': operation({
    about: 'Remove the worktrees of agents that left the team, where nothing would be lost.',
    who: ['operator'],
    input: z.object({ dropIgnored, dryRun: z.boolean().default(false).describe('Only say which') }),
    output: z.object({ removed: z.array(worktree), kept: z.array(worktree.extend({ declared: z.boolean(), reasons })), dryRun: z.boolean() }),
  }),
} as const
