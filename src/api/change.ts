import { z } from 'zod'
import { operation } from './operation.ts'
import { changeRow, changed, drainMs, part } from './team.ts'

/** Values of the environment variables that agents may get; kept in memory only. */
const env = z.record(z.string(), z.string()).default({})

/** What follows when the files of a running team change. */
export const change = {
  plan: operation({
    about: 'The difference between the applied team and its files: what reload would do to each agent, why, and which permissions it would widen. Changes nothing.',
    who: ['operator'],
    input: part.extend({ env }),
    output: z.array(changeRow),
  }),
  reload: operation({
    about: 'Apply what changed in the files and touch nothing else. Wrong files change nothing.',
    who: ['operator'],
    input: part.extend({ env, drainMs, timeoutMs: z.int().positive().default(120_000) }),
    output: changed,
  }),
  ready: operation({
    about: 'Say that you have written down what you must not forget and can be stopped. Call it after a message that announces a stop.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({}),
    output: z.object({ stopping: z.boolean().describe('You are about to be stopped: end your turn') }),
  }),
} as const
