import { z } from 'zod'
import { operation } from './operation.ts'

/** What a team root needs from time to time. */
export const housekeeping = {
  gc: operation({
    about: 'Remove what is over: acknowledged messages older than budget.message_ttl_hours, decided approvals, closed bridges, files that no message names, worktrees of agents that left the team where nothing would be lost, and what agent CLIs keep elsewhere for agents that left.',
    who: ['operator'],
    input: z.object({ project: z.string().nullable().default(null), dryRun: z.boolean().default(false).describe('Only count') }),
    output: z.object({ messages: z.int(), approvals: z.int(), bridges: z.int(), files: z.int(), bytes: z.int().describe('Of the files'), worktrees: z.int(), homes: z.int().describe('What agent CLIs kept outside of the root for agents that left'), dryRun: z.boolean() }),
  }),
  'import.teamctl': operation({
    about: 'Bring mail, open bridges and undecided approvals out of a mailbox of teamctl’s, which is only read. Again brings nothing twice.',
    who: ['operator'],
    input: z.object({ path: z.string().startsWith('/'), dryRun: z.boolean().default(false) }),
    output: z.object({
      history: z.int().describe('Messages that were acknowledged there'),
      unacked: z.int(),
      approvals: z.int().describe('Kept as expired: nobody waits for them'),
      bridges: z.int(),
      known: z.int().describe('Brought by an earlier run'),
      skipped: z.record(z.string(), z.int()).describe('What could not be taken, by why'),
    }),
  }),
  backup: operation({
    about: 'Copy everything that makes this root into a new folder, while the team goes on. Secrets only if asked for.',
    who: ['operator'],
    input: z.object({ to: z.string().startsWith('/').describe('A folder that is not there yet'), withEnv: z.boolean().default(false) }),
    output: z.object({ files: z.int(), bytes: z.int(), outside: z.array(z.string()).default([]).describe('What the team’s files name outside of the root: not in it') }),
  }),
} as const
