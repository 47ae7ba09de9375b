import { z } from 'zod'
import { operation } from './operation.ts'

/** What an agent asks for itself. */
export const self = {
  compact_self: operation({
    about:
      'Have your own conversation replaced by a summary of it, once this turn is over. Write down what you must not forget first. Not every runtime can; at most once in five minutes.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({}),
    output: z.object({ status: z.literal('dispatched'), session: z.string().nullable() }),
  }),
} as const
