import { z } from 'zod'
import { operation } from './operation.ts'

/** What a team root needs from time to time. */
export const housekeeping = {
  gc: operation({
    about: 'Remove what is over: acknowledged messages older than budget.message_ttl_hours, decided approvals, closed bridges, files that no message names.',
    who: ['operator'],
    input: z.object({ project: z.string().nullable().default(null), dryRun: z.boolean().default(false).describe('Only count') }),
    output: z.object({ messages: z.int(), approvals: z.int(), bridges: z.int(), files: z.int(), bytes: z.int().describe('Of the files'), dryRun: z.boolean() }),
  }),
  backup: operation({
    about: 'Copy everything that makes this root into a new folder, while the team goes on. Secrets only if asked for.',
    who: ['operator'],
    input: z.object({ to: z.string().startsWith('/').describe('A folder that is not there yet'), withEnv: z.boolean().default(false) }),
    output: z.object({ files: z.int(), bytes: z.int() }),
  }),
} as const
